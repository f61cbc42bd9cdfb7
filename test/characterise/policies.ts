/** Policies drawn at random within bounds, and what a right measurement of one would say. */

import type { QuantityName } from '../../harness/model/measured.ts';
import { seededRandom, seedFor } from '../../harness/model/random.ts';
import { SHAPES, type Shape } from '../../harness/policy/bench.ts';
import type { RuleSpec } from '../../harness/policy/rules.ts';
import type { ServicePolicy, SimulatedBreaker } from '../../harness/policy/simulation/service.ts';

/** Three failures in a row, of any shape; open for 600 ms, one probe. */
export const THREE_IN_A_ROW: SimulatedBreaker = {
  rule: { kind: 'consecutive', failures: 3 },
  counts: 'calls',
  shapes: new Set(SHAPES),
  openMs: 600,
  openGrowth: 1,
  openMaxMs: 60_000,
  halfOpenProbes: 1,
  successesToClose: 1,
  clearsOnClose: true,
};

/** Shapes that no client tries again, and no breaker counts, unless it is told to. */
const FINE: readonly Shape[] = ['status-400'];

export function drawPolicy(seed: number): ServicePolicy {
  const random = seededRandom(seedFor(seed, 'policy'));
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low));
  const some = (always: readonly Shape[]): ReadonlySet<Shape> =>
    new Set(SHAPES.filter((shape) => always.includes(shape) || (!FINE.includes(shape) && random() < 0.75)));
  const headersMs = pick(null, between(150, 900), between(150, 900));
  const totalMs = headersMs === null || random() < 0.5 ? pick(null, between(300, 1500)) : null;
  const attempts = pick(1, 1, 2, 3, 4, 5);
  const baseMs = between(20, 300);
  const backoff = pick('none', 'constant', 'linear', 'exponential') as
    | 'none'
    | 'constant'
    | 'linear'
    | 'exponential';
  const counts = pick('calls', 'attempts') as 'calls' | 'attempts';
  const countsShapes = some(['status-503']);
  return {
    connectMs: pick(null, between(100, 600)),
    headersMs,
    idleMs: pick(null, between(150, 900)),
    totalMs,
    deadlineMs: null,
    retry:
      attempts === 1
        ? null
        : {
            attempts,
            backoff,
            baseMs,
            factor: pick(1.5, 2, 3),
            capMs: pick(1e9, baseMs * 3),
            jitter:
              backoff === 'none'
                ? 'none'
                : (pick('none', 'none', 'full', 'equal', 'plus-minus') as
                    | 'none'
                    | 'full'
                    | 'equal'
                    | 'plus-minus'),
            jitterShare: pick(0.1, 0.2, 0.25),
            honoursRetryAfter: random() < 0.5,
            shapes: some(['status-503']),
          },
    breaker:
      random() < 0.1
        ? null
        : {
            rule: drawRule(random),
            counts,
            shapes: countsShapes,
            openMs: between(200, 5000),
            openGrowth: pick(1, 1, 1, 2),
            openMaxMs: 60_000,
            halfOpenProbes: pick(1, 1, 1, 2, 3),
            successesToClose: pick(1, 1, 2, 3),
            clearsOnClose: random() < 0.8,
          },
    bulkhead: random() < 0.3 ? { concurrent: between(2, 20), queue: pick(0, 5, 1000) } : null,
    fallback: pick('none', 'static', 'cached') as 'none' | 'static' | 'cached',
  };
}

function drawRule(random: () => number): RuleSpec {
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low));
  switch (
    pick(
      'consecutive',
      'consecutive',
      'count-window',
      'time-window',
      'leaky',
      'failures-in-time',
      'failures-in-calls',
    )
  ) {
    case 'consecutive':
      return { kind: 'consecutive', failures: between(1, 12) };
    case 'failures-in-calls': {
      const failures = between(2, 8);
      return { kind: 'failures-in-calls', failures, windowCalls: failures + between(1, 20) };
    }
    case 'leaky':
      return { kind: 'leaky', failures: between(2, 10) };
    case 'failures-in-time':
      return { kind: 'failures-in-time', failures: between(2, 8), windowMs: pick(2000, 5000, 10_000) };
    case 'time-window':
      return {
        kind: 'time-window',
        windowMs: pick(3000, 5000, 10_000),
        minimumCalls: between(2, 20),
        rate: pick(0.25, 0.5, 0.6, 0.8),
        strict: random() < 0.5,
      };
    default: {
      const windowCalls = between(5, 40);
      return {
        kind: 'count-window',
        windowCalls,
        minimumCalls: between(1, windowCalls),
        rate: pick(0.25, 0.4, 0.5, 0.6, 0.8, 1),
        strict: false,
      };
    }
  }
}

/**
 * With thresholds of 1 and 2 one success takes back all there is, and where all of the last calls must have failed
 * it is so many in a row: the same rule in other words.
 */
function isConsecutive({ rule, clearsOnClose }: NonNullable<ServicePolicy['breaker']>): boolean {
  return (
    rule.kind === 'consecutive' ||
    // Not so where it remembers, when it closes, what tripped it.
    (rule.kind === 'leaky' && rule.failures <= (clearsOnClose ? 2 : 1)) ||
    (rule.kind === 'count-window' &&
      rule.windowCalls === rule.minimumCalls &&
      rule.rate * rule.windowCalls > rule.windowCalls - 1 + 1e-9)
  );
}

/** What is true of a policy, in the words of a measurement; left out: a measurement may say what it likes. */
export function truthOf(
  policy: ServicePolicy,
): Partial<Record<QuantityName, number | string | boolean | null>> {
  const { retry, breaker, bulkhead } = policy;
  const least = (...limits: (number | null)[]): number | null => {
    const given = limits.filter((limit) => limit !== null);
    return given.length === 0 ? null : Math.min(...given);
  };
  const truth: Partial<Record<QuantityName, number | string | boolean | null>> = {
    'timeout.headersMs': least(policy.headersMs, policy.totalMs),
    'timeout.totalMs': policy.totalMs,
    'retry.attempts': retry?.attempts ?? 1,
    'retry.backoff': retry?.backoff ?? 'none',
    'breaker.present': breaker !== null,
    'bulkhead.concurrent': bulkhead?.concurrent ?? null,
  };
  if (retry !== null && retry.backoff !== 'none') {
    truth['retry.baseMs'] = Math.min(retry.baseMs, retry.capMs);
    truth['retry.jitter'] = retry.jitter;
    if (retry.jitter === 'plus-minus') truth['retry.jitterShare'] = retry.jitterShare;
    if (retry.backoff === 'exponential') truth['retry.factor'] = retry.factor;
  }
  if (breaker === null) return truth;
  const { rule } = breaker;
  truth['breaker.kind'] = isConsecutive(breaker) ? 'consecutive' : rule.kind;
  truth['breaker.openMs'] = breaker.openMs;
  truth['breaker.openGrowth'] = breaker.openGrowth;
  truth['breaker.halfOpenProbes'] = breaker.halfOpenProbes;
  truth['breaker.successesToClose'] = breaker.successesToClose;
  if (retry !== null) truth['breaker.counts'] = breaker.counts;
  if ('failures' in rule) truth['breaker.failures'] = rule.failures;
  if ('minimumCalls' in rule) truth['breaker.minimumCalls'] = rule.minimumCalls;
  if ('rate' in rule) truth['breaker.failureRate'] = rule.rate;
  if ('windowCalls' in rule) truth['breaker.windowCalls'] = rule.windowCalls;
  if ('windowMs' in rule) truth['breaker.windowMs'] = rule.windowMs;
  truth['fallback.kind'] = policy.fallback;
  return truth;
}
