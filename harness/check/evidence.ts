/** What the breaker checks share: a link's attempts, its demand, and its declared breaker replayed. */
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import type { BreakerPolicy, Policy } from '../model/policy.ts';
import { type Nanoseconds, toNs } from '../model/time.ts';
import { type Attempt, AttemptIndex, attemptsOn } from './attempts.ts';
import { type Replay, replayBreaker, toleranceFor } from './replay.ts';
import { faultSpans, isWithin, needs, type Span } from './windows.ts';

/** Everything a breaker check looks at. */
export interface Evidence {
  link: string;
  policy: Policy;
  breaker: BreakerPolicy;
  attempts: readonly Attempt[];
  /** Requests that need the link and were sent. */
  demand: readonly RequestEvent[];
  index: AttemptIndex;
  replay: Replay;
  faults: readonly Span[];
}

/** Fewer requests than this in a window prove nothing about it. */
export const DEMAND_MIN = 3;

/** Gathers the evidence on a link; a text where the check cannot be made at all. */
export function gather(history: History, link: string): Evidence | string {
  const policy = history.header.declared[link];
  if (policy === undefined) return `the target declares no policy for link ${link}`;
  if (policy.breaker === null) return `the target declares no breaker on link ${link}`;
  const attempts = attemptsOn(history, link);
  const requests = eventsOf(history, 'request');
  const index = new AttemptIndex(attempts, requests);
  const replay = replayBreaker(attempts, policy.breaker);
  const demand = requests.filter(({ outcome }) => outcome !== 'dropped').filter(needs(history, link));
  return {
    link,
    policy,
    breaker: policy.breaker,
    attempts,
    demand,
    index,
    replay: { ...replay, leaks: withoutUnderWay(replay, policy.breaker, requests, index) },
    faults: faultSpans(history, link),
  };
}

/**
 * Leaks, less those that the closed breaker may have let through: the first attempt of a request that was
 * under way when it tripped, or the next after attempts that were over, and well, before that. A busy machine dials
 * some 200 ms after the guard has said yes, and so does a pool before a slow server. Retries are none of these, nor
 * is anything in the second half of the open duration.
 */
function withoutUnderWay(
  { leaks, spans }: Replay,
  { openMs }: BreakerPolicy,
  requests: readonly RequestEvent[],
  index: AttemptIndex,
): Attempt[] {
  if (!index.traced) return [...leaks];
  const byTrace = new Map(requests.map((request) => [request.trace, request]));
  return leaks.filter((leak) => {
    const request = leak.trace === null ? undefined : byTrace.get(leak.trace);
    const open = spans.find((span) => span.state === 'open' && isWithin(leak.t, span));
    if (request === undefined || open === undefined) return true;
    const earlier = index.of(request).filter(({ t }) => t < leak.t);
    const wasUnderWay =
      request.startT < open.fromT && earlier.every(({ failed, endT }) => !failed && endT <= open.fromT);
    return !(wasUnderWay && leak.t - open.fromT <= toNs(openMs / 2));
  });
}

/** Demand begun in a span. */
export function demandIn(evidence: Evidence, span: Span): RequestEvent[] {
  return evidence.demand.filter(({ startT }) => isWithin(startT, span));
}

/** Demand begun before a moment and not over then. */
export function underWayAt({ demand }: Evidence, t: Nanoseconds): RequestEvent[] {
  return demand.filter(({ startT, endT }) => startT < t && endT >= t);
}

/** Attempts begun in a span. */
export function attemptsIn(evidence: Evidence, span: Span): Attempt[] {
  return evidence.attempts.filter(({ t }) => isWithin(t, span));
}

/** The stretches in which the replayed breaker is open, less the time in which stragglers still arrive. */
export function openSpans({ replay, breaker }: Evidence): Span[] {
  const { stragglersNs, earlyProbeNs } = toleranceFor(breaker);
  return replay.spans
    .filter(({ state }) => state === 'open')
    .map(({ fromT, toT }) => ({
      fromT: fromT + stragglersNs,
      toT: Math.min(toT, fromT + toNs(breaker.openMs) - earlyProbeNs),
    }))
    .filter(({ fromT, toT }) => toT > fromT);
}

/** Requests turned away before the breaker had any right to open. */
export interface EarlySilence {
  requests: readonly RequestEvent[];
  /** Failures the target had seen when it turned the first of them away. */
  failuresBefore: number;
}

/**
 * Looks for demand that made no attempt although the replayed breaker was closed, from the first
 * fault to `untilT`. One alone may have been turned away by a full queue; two in a row are a breaker.
 */
export function earlySilence(evidence: Evidence, untilT: Nanoseconds): EarlySilence | null {
  const firstFaultT = evidence.faults[0]?.fromT ?? Infinity;
  const { stragglersNs } = toleranceFor(evidence.breaker);
  const closed = evidence.replay.spans.filter(({ state }) => state === 'closed');
  let row: RequestEvent[] = [];
  for (const request of evidence.demand) {
    if (request.endT < firstFaultT || request.startT >= untilT) continue;
    const span = closed.find((candidate) => isWithin(request.startT, candidate));
    // Near the edges target and wire may honestly disagree about the state.
    const judged =
      span !== undefined &&
      request.startT > span.fromT + stragglersNs &&
      request.endT < span.toT - stragglersNs;
    if (!judged || evidence.index.of(request).length > 0) {
      if (judged) row = [];
      continue;
    }
    row.push(request);
    if (row.length >= 2) {
      const silentFromT = row[0]?.startT ?? 0;
      const failed = evidence.attempts.filter(
        ({ failed, endT }) => failed && endT >= firstFaultT && endT <= silentFromT,
      );
      return { requests: row, failuresBefore: failed.length };
    }
  }
  return null;
}

/** Milliseconds between two moments. */
export function betweenMs(fromT: Nanoseconds, toT: Nanoseconds): number {
  return (toT - fromT) / 1e6;
}
