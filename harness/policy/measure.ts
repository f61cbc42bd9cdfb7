/** Brings a target up, measures the policy of one of its links, and takes it down again. */
import type { Environment } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import { MEASURED_VERSION, type MeasuredPolicy } from '../model/measured.ts';
import { bringBenchUp } from './bench-up.ts';
import { calibrate, errorOf } from './calibrate.ts';
import { characterise, LIMITS } from './characterise.ts';
import type { LabLimits } from './lab.ts';

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
  const { config, environment, link, limits, signal, onProgress } = options;
  const startedAt = new Date();
  onProgress('environment', 0, 1);
  await using up = await bringBenchUp({ ...options, giveUpMs: limits.patienceMs ?? LIMITS.patienceMs });
  const { running, bench } = up;
  onProgress('calibration', 0, 1);
  const url = await running.linkUrl?.(link);
  const calibration = url === undefined ? null : await calibrate(bench, url);
  const errorMs = calibration === null ? UNCALIBRATED_MS : errorOf(calibration);
  const found = await characterise({ bench, limits, errorMs, onProgress, signal });
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
