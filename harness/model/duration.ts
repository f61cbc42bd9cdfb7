/** Durations as people type them: `30s`, `800ms`, `2m`. */
import { UsageError } from './errors.ts';
import type { Ms } from './time.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** @throws UsageError that shows how it is written */
export function parseDuration(text: string, where: string): Ms {
  const parsed = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const unit = UNITS[parsed?.[2] ?? ''];
  const value = Number(parsed?.[1]) * (unit ?? Number.NaN);
  if (!(value > 0)) throw new UsageError(`${where}: "${text}" is no duration; write it as 30s, 800ms or 2m`);
  return value;
}
