/** Lays a measurement beside the truth: right, unknown or wrong, for each quantity. */
import type { Finding, QuantityName } from '../../harness/model/measured.ts';

export type Score = 'right' | 'unknown' | 'wrong';
type Value = number | string | boolean | null;

/** Times are right within 5 % or 10 ms; other numbers where the truth is within the interval. */
export function scoreOf(name: QuantityName, truth: Value, finding: Finding | undefined): Score {
  if (finding === undefined || !finding.known) return 'unknown';
  const { value, low, high } = finding;
  if (typeof truth !== 'number' || typeof value !== 'number') {
    // No limit within patience: a limit beyond it is not contradicted.
    if (value === null && typeof truth === 'number') return truth >= (low ?? 0) ? 'right' : 'wrong';
    return value === truth ? 'right' : 'wrong';
  }
  const isWithin =
    (low === undefined || truth >= low - 1e-9) &&
    (high === undefined || high === null || truth <= high + 1e-9);
  if (isWithin) return 'right';
  const isTime = name.endsWith('Ms');
  return isTime && Math.abs(value - truth) <= Math.max(10, 0.05 * truth) ? 'right' : 'wrong';
}
