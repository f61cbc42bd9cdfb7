/**
 * What one outage did, from requests and attempts: the same function for what was simulated and for what was
 * seen on the wire, so that the two can be compared.
 */
import type { Spread } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';

/** A user's request and what came of it. */
export interface SeenRequest {
  startMs: Ms;
  endMs: Ms;
  outcome: 'live' | 'degraded' | 'failed';
}

export interface SeenAttempt {
  startMs: Ms;
  endMs: Ms;
  ok: boolean;
}

export interface OutageSpan {
  fromMs: Ms;
  toMs: Ms;
}

export interface EpisodeMetrics {
  timeToTripMs: Ms | null;
  failed: number;
  degraded: number;
  /** Attempts from the begin of the outage on, and those of them that failed. */
  attempts: number;
  wasted: number;
  recoveryMs: Ms | null;
}

/** @param tripMs when the breaker tripped; null: it did not in this outage */
export function episodeMetrics(
  requests: readonly SeenRequest[],
  attempts: readonly Pick<SeenAttempt, 'startMs' | 'ok'>[],
  { fromMs, toMs }: OutageSpan,
  tripMs: Ms | null,
): EpisodeMetrics {
  const since = requests.filter(({ startMs }) => startMs >= fromMs);
  const tried = attempts.filter(({ startMs }) => startMs >= fromMs);
  const recovered = since
    .filter(({ startMs, outcome }) => startMs >= toMs && outcome === 'live')
    .reduce((first, { endMs }) => Math.min(first, endMs), Number.POSITIVE_INFINITY);
  return {
    timeToTripMs: tripMs === null ? null : tripMs - fromMs,
    failed: since.filter(({ outcome }) => outcome === 'failed').length,
    degraded: since.filter(({ outcome }) => outcome === 'degraded').length,
    attempts: tried.length,
    wasted: tried.filter(({ ok }) => !ok).length,
    recoveryMs: Number.isFinite(recovered) ? recovered - toMs : null,
  };
}

/** Requests that came and were not attempted; one alone may have been on its way. */
const UNATTEMPTED_MIN = 2;
/** Part of the open duration that silence has to last to be taken for an open breaker. */
const SILENCE_SHARE = 0.5;

/**
 * When the breaker tripped in an outage, as the wire shows it: requests keep coming and attempts have
 * stopped. It is the end of the failed attempt, or of its failed request, after which none has begun.
 */
export function wireTripMs(
  requests: readonly SeenRequest[],
  attempts: readonly SeenAttempt[],
  { fromMs, toMs }: OutageSpan,
  openMs: Ms,
): Ms | null {
  const sorted = attempts.toSorted((a, b) => a.startMs - b.startMs);
  for (const [i, { startMs }] of sorted.entries()) {
    if (startMs < fromMs || startMs >= toMs) continue;
    const nextMs = sorted[i + 1]?.startMs ?? Number.POSITIVE_INFINITY;
    if (nextMs - startMs < SILENCE_SHARE * openMs) continue;
    // A link hears late that a target has left what hangs; the target's own caller hears it at once.
    const isLast = (one: SeenAttempt | SeenRequest): boolean =>
      one.startMs <= startMs && one.endMs >= startMs;
    const tripMs = Math.min(
      ...sorted.filter((one) => !one.ok && isLast(one)).map(({ endMs }) => endMs),
      ...requests.filter((one) => one.outcome !== 'live' && isLast(one)).map(({ endMs }) => endMs),
    );
    const unattempted = requests.filter((one) => one.startMs > tripMs && one.startMs < nextMs).length;
    if (Number.isFinite(tripMs) && unattempted >= UNATTEMPTED_MIN) return tripMs;
  }
  return null;
}

/** Eight of ten lie in the band. */
const BAND = { low: 0.1, high: 0.9 } as const;

/** Median and band of what came about; what did not counts as later than everything. */
export function spreadOf(values: readonly (number | null)[]): Spread {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
    return value === undefined || !Number.isFinite(value) ? null : value;
  };
  return { median: at(0.5), low: at(BAND.low), high: at(BAND.high) };
}

/** Null where there is nothing to take the mean of. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? null : there.reduce((sum, value) => sum + value, 0) / there.length;
}
