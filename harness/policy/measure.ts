/** Brings a target up, measures the policy of one of its links, and takes it down again. */
import path from 'node:path';
import type { Environment } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import { MEASURED_VERSION, type MeasuredPolicy } from '../model/measured.ts';
import { WIRE_VERSION, type WireRecord } from '../model/wire.ts';
import { type BenchUp, bringBenchUp } from './bench-up.ts';
import { calibrate, calibrationOfAll, errorOf } from './calibrate.ts';
import { characterise, LIMITS } from './characterise.ts';
import type { LabLimits } from './lab.ts';
import { RecordingBench } from './recording.ts';

/** Where the link cannot be called by the rig itself, its error is not known, and taken for large. */
const UNCALIBRATED_MS = 10;

export interface MeasureOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  link: string;
  /** The kind of request to ask; left out: the first that reaches the link. */
  request?: string | undefined;
  profile: string;
  run: string;
  seed: number;
  logDir: string;
  /** Targets that measure side by side, each in an environment of its own; left out: one. */
  replicas?: number;
  limits: Partial<LabLimits>;
  signal: AbortSignal;
  onProgress(text: string, done: number, total: number): void;
  /** Called when the target is up and nothing is measured yet. What it throws ends the measurement. */
  onUp?: ((entryUrl: string) => Promise<void>) | undefined;
}

/** A policy, and what was seen of it. */
export interface Measured {
  policy: MeasuredPolicy;
  wire: WireRecord;
}

/** @throws UsageError or EnvironmentError; what a call-off leaves is returned, with `complete` false */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { config, environment, link, limits, signal, onProgress } = options;
  const startedAt = new Date();
  onProgress('environment', 0, 1);
  await using stack = new AsyncDisposableStack();
  const ups = await bringAllUp(options, stack);
  const [first] = ups;
  await options.onUp?.(first.running.entryUrl);
  const benches = ups.map(({ bench }, i) => new RecordingBench(bench, i + 1));
  onProgress('calibration', 0, 1);
  // All at once: what each adds to the error of the others is part of it.
  const calibrations = await Promise.all(
    ups.map(async ({ running }, i) => {
      const bench = benches[i];
      const url = await running.linkUrl?.(link);
      bench?.begin('calibration');
      return bench === undefined || url === undefined
        ? null
        : calibrate(bench, url, config.links[link]?.protocol);
    }),
  );
  const told = calibrations.filter((one) => one !== null);
  const calibration = told.length < ups.length ? null : calibrationOfAll(told);
  const errorMs = calibration === null ? UNCALIBRATED_MS : errorOf(calibration);
  const [bench, ...replicas] = benches as [RecordingBench];
  const { recorded, ...found } = await characterise({ bench, replicas, limits, errorMs, onProgress, signal });
  const measuredAt = startedAt.toISOString();
  return {
    policy: {
      tripcurve: 'policy',
      version: MEASURED_VERSION,
      target: config.target.name,
      link,
      environment: environment.name,
      measuredAt,
      calibration,
      ...(ups.length > 1 ? { replicas: ups.length } : {}),
      ...found,
    },
    wire: { tripcurve: 'wire', version: WIRE_VERSION, link, measuredAt, ...recorded },
  };
}

/** @throws what the first that did not come up failed with; those that did are the stack's */
async function bringAllUp(
  options: MeasureOptions,
  stack: AsyncDisposableStack,
): Promise<[BenchUp, ...BenchUp[]]> {
  const { replicas = 1, run, seed, logDir, limits } = options;
  const originNs = process.hrtime.bigint();
  const giveUpMs = limits.patienceMs ?? LIMITS.patienceMs;
  const brought = await Promise.allSettled(
    Array.from({ length: replicas }, (_, i) => {
      const own = { run: `${run}-r${i + 1}`, seed: seed + i, logDir: path.join(logDir, `replica-${i + 1}`) };
      return bringBenchUp({ ...options, ...(replicas === 1 ? {} : own), giveUpMs, originNs });
    }),
  );
  const ups = brought.flatMap((one) => (one.status === 'fulfilled' ? [stack.use(one.value)] : []));
  for (const one of brought) if (one.status === 'rejected') throw one.reason;
  return ups as [BenchUp, ...BenchUp[]];
}
