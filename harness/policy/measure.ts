/** Brings a target up, measures the policy of one of its links, and takes it down again. */
import type { Environment } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import { MEASURED_VERSION, type MeasuredPolicy } from '../model/measured.ts';
import { clockFrom } from '../model/time.ts';
import { calibrate, errorOf } from './calibrate.ts';
import { characterise } from './characterise.ts';
import type { LabLimits } from './lab.ts';
import { LiveBench } from './live-bench.ts';

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
  limits: Partial<LabLimits>;
  signal: AbortSignal;
  onProgress(text: string, done: number, total: number): void;
}

/** @throws UsageError or EnvironmentError; what a call-off leaves is returned, with `complete` false */
export async function measure(options: MeasureOptions): Promise<MeasuredPolicy> {
  const { config, cwd, environment, link, profile, run, seed, logDir, limits, signal, onProgress } = options;
  const originNs = process.hrtime.bigint();
  const now = clockFrom(originNs);
  const startedAt = new Date();
  let bench: LiveBench | undefined;
  onProgress('environment', 0, 1);
  await using running = await environment.up({
    config,
    cwd,
    profile,
    mutant: null,
    links: 'embedded',
    hidesNames: false,
    run,
    seed,
    logDir,
    originNs,
    now,
    emit: (event) => bench?.see(event),
  });
  bench = new LiveBench({
    running,
    config,
    link,
    ...(options.request === undefined ? {} : { kinds: [options.request] }),
    run,
    seed,
    now,
    giveUpMs: limits.patienceMs ?? 10_000,
    signal,
  });
  await using held = bench;
  onProgress('calibration', 0, 1);
  const url = await running.linkUrl?.(link);
  const calibration = url === undefined ? null : await calibrate(held, url);
  const errorMs = calibration === null ? UNCALIBRATED_MS : errorOf(calibration);
  const found = await characterise({ bench: held, limits, errorMs, onProgress, signal });
  return {
    tripcurve: 'policy',
    version: MEASURED_VERSION,
    target: config.target.name,
    link,
    environment: environment.name,
    measuredAt: startedAt.toISOString(),
    calibration,
    ...found,
  };
}
