/** Simulated against measured: what is compared of an outage, and how far apart the two are. */
import { COMPARED, type Compared, type Verification } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';
import { median } from '../lab.ts';
import {
  episodeMetrics,
  meanOf,
  type OutageSpan,
  type SeenAttempt,
  type SeenRequest,
  wireTripMs,
} from './metrics.ts';

export const NAMES = Object.keys(COMPARED) as Compared[];

export function compare(
  requests: readonly SeenRequest[],
  attempts: readonly SeenAttempt[],
  span: OutageSpan,
  openMs: Ms,
): Record<Compared, number | null> {
  const tripMs = wireTripMs(requests, attempts, span, openMs);
  const found = episodeMetrics(requests, attempts, span, tripMs);
  // After the heal there are as many attempts as requests: only those before it are the policy's doing.
  const inOutage = attempts.filter(({ startMs }) => startMs >= span.fromMs && startMs < span.toMs).length;
  return {
    timeToTripMs: found.timeToTripMs,
    failed: found.failed,
    attempts: inOutage,
    recoveryMs: found.recoveryMs,
  };
}

export function means(
  all: readonly Partial<Record<Compared, number | null>>[],
): Record<Compared, number | null> {
  return Object.fromEntries(
    NAMES.map((name) => [name, meanOf(all.map((one) => one[name] ?? null))]),
  ) as Record<Compared, number | null>;
}

/** Difference as a share of what was measured; null: one of them never came about. */
export function relativeError(simulated: number | null, measured: number | null): number | null {
  if (simulated === null || measured === null) return null;
  if (simulated === measured) return 0;
  return measured === 0 ? 1 : Math.abs(simulated - measured) / measured;
}

/** Over all points and all that could be compared; null: nothing could. */
export function medianRelativeError(points: readonly Verification[]): number | null {
  const errors = points
    .flatMap(({ compared }) => Object.values(compared).map(({ relativeError: error }) => error))
    .filter((error) => error !== null);
  return errors.length === 0 ? null : median(errors);
}
