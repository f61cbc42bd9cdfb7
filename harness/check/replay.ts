/**
 * The declared breaker, replayed over the attempts seen on the wire. It says in which state a breaker
 * of that policy was at any moment, and which attempts such a breaker would not have let through.
 * The target's own word plays no part.
 */
import type { BreakerPolicy, BreakerState } from '../model/policy.ts';
import { type Nanoseconds, toNs } from '../model/time.ts';
import type { Attempt } from './attempts.ts';

/** How far the target's knowledge may lag behind the wire: it learns of a failure after the link has seen it. */
export interface Tolerance {
  /** After a trip, attempts already on their way still arrive for this long. */
  stragglersNs: Nanoseconds;
  /** A probe may come this much before the open duration has passed. */
  earlyProbeNs: Nanoseconds;
}

/**
 * Generous for a machine with two busy cores, where event loops were seen to pause for 60 ms; small
 * against the open durations we declare (600 ms up): stragglers 100 ms, early probes 10 % of the
 * open duration.
 */
export function toleranceFor(policy: BreakerPolicy): Tolerance {
  return { stragglersNs: toNs(100), earlyProbeNs: toNs(policy.openMs * 0.1) };
}

/** One stretch of a state. */
export interface StateSpan {
  state: BreakerState;
  fromT: Nanoseconds;
  /** Infinity for the last one. */
  toT: Nanoseconds;
}

/** A closed breaker that tripped. */
export interface Trip {
  t: Nanoseconds;
  /** The failures that tripped it. */
  failures: readonly Attempt[];
}

export interface Replay {
  spans: readonly StateSpan[];
  trips: readonly Trip[];
  /** Attempts begun while an open breaker would have rejected them. */
  leaks: readonly Attempt[];
  /** Attempts admitted while half-open, in groups of one half-open stretch. */
  probes: readonly (readonly Attempt[])[];
  /** Probes beyond the declared number, all stretches together. */
  surplusProbes: readonly Attempt[];
}

/** Replays `policy` over `attempts` (in order of their beginning). */
export function replayBreaker(attempts: readonly Attempt[], policy: BreakerPolicy): Replay {
  const tolerance = toleranceFor(policy);
  const spans: StateSpan[] = [{ state: 'closed', fromT: -Infinity, toT: Infinity }];
  const trips: Trip[] = [];
  const leaks: Attempt[] = [];
  const probes: Attempt[][] = [];
  const surplusProbes: Attempt[] = [];
  /** Outcomes of the calls the closed breaker has seen, oldest first. */
  let seen: Attempt[] = [];
  let state: BreakerState = 'closed';
  let openedT = 0;
  let succeeded = 0;
  /** Attempts begun before this were admitted by an earlier state and no longer count. */
  let admittedFromT = -Infinity;

  const steps = attempts.flatMap((attempt) => [
    { t: attempt.t, begins: true, attempt },
    { t: attempt.endT, begins: false, attempt },
  ]);
  // At the same instant an end comes first: what it decides holds for what begins then.
  steps.sort((a, b) => a.t - b.t || Number(a.begins) - Number(b.begins));
  for (const { begins, attempt } of steps) {
    if (begins) begun(attempt);
    else ended(attempt);
  }
  return { spans, trips, leaks, probes, surplusProbes };

  function begun(attempt: Attempt): void {
    if (state === 'closed') return;
    if (state === 'open') {
      const sinceNs = attempt.t - openedT;
      if (sinceNs >= toNs(policy.openMs) - tolerance.earlyProbeNs) {
        enter('half-open', attempt.t);
        succeeded = 0;
        admittedFromT = attempt.t;
        probes.push([attempt]);
      } else if (sinceNs > tolerance.stragglersNs) leaks.push(attempt);
      return;
    }
    const admitted = probes.at(-1);
    if (admitted === undefined) return;
    admitted.push(attempt);
    if (admitted.length > policy.halfOpenProbes) surplusProbes.push(attempt);
  }

  function ended(attempt: Attempt): void {
    if (attempt.t < admittedFromT) return;
    if (state === 'closed') {
      seen.push(attempt);
      const failures = tripping(seen, policy);
      if (failures === null) return;
      trips.push({ t: attempt.endT, failures });
      open(attempt.endT);
    } else if (state === 'half-open') {
      if (attempt.failed) open(attempt.endT);
      else if (++succeeded >= policy.successesToClose) {
        seen = [];
        enter('closed', attempt.endT);
      }
    }
  }

  function open(t: Nanoseconds): void {
    openedT = t;
    seen = [];
    enter('open', t);
    // Whatever was on its way when it opened must not be taken for a probe's answer.
    admittedFromT = t;
  }

  function enter(next: BreakerState, t: Nanoseconds): void {
    state = next;
    const last = spans.at(-1);
    if (last !== undefined) last.toT = t;
    spans.push({ state: next, fromT: t, toT: Infinity });
  }
}

/** The failures that trip the breaker after the last of `seen`, or null. */
function tripping(seen: readonly Attempt[], policy: BreakerPolicy): readonly Attempt[] | null {
  switch (policy.kind) {
    case 'consecutive': {
      const row = seen.slice(-policy.failures);
      return row.length === policy.failures && row.every(({ failed }) => failed) ? row : null;
    }
    case 'count-window': {
      const failures = seen.slice(-(policy.windowCalls ?? policy.failures)).filter(({ failed }) => failed);
      return failures.length >= policy.failures ? failures : null;
    }
  }
}
