/** Habits of breakers from the field that were once told wrongly, on a simulated service and a virtual clock. */
import { describe, expect, test } from '@jest/globals';
import type { QuantityName } from '../../harness/model/measured.ts';
import { SHAPES } from '../../harness/policy/bench.ts';
import { type Characterised, characterise } from '../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../harness/policy/simulation/clock.ts';
import {
  NO_POLICY,
  type SimulatedBreaker,
  type SimulatedRetry,
} from '../../harness/policy/simulation/service.ts';
import { THREE_IN_A_ROW } from './policies.ts';
import { scoreOf } from './score.ts';
import type { Truth } from './zoo/truth.ts';

const shapes = new Set(SHAPES);
const LIMIT_MS = 120_000;

const RETRY: SimulatedRetry = {
  attempts: 3,
  backoff: 'constant',
  baseMs: 60,
  factor: 2,
  capMs: 60_000,
  jitter: 'none',
  jitterShare: 0,
  honoursRetryAfter: false,
  shapes,
};

/** Measures a service with this breaker and a timeout of 250 ms. */
function measured(
  breaker: Partial<SimulatedBreaker>,
  retry: SimulatedRetry | null = null,
): Promise<Characterised> {
  const clock = new VirtualClock();
  const policy = { ...NO_POLICY, totalMs: 250, retry, breaker: { ...THREE_IN_A_ROW, ...breaker } };
  const bench = new SimulatedBench({ policy, clock, seed: 1, giveUpMs: 3_000, noiseMs: 2 });
  return clock.run(characterise({ bench, limits: { patienceMs: 3_000 }, errorMs: 3 }));
}

function scores({ findings }: Characterised, truth: Truth): Record<string, string> {
  return Object.fromEntries(
    Object.entries(truth).map(([name, value]) => [
      name,
      scoreOf(name as QuantityName, value, findings[name as QuantityName]),
    ]),
  );
}

const allRight = (truth: Truth): Record<string, string> =>
  Object.fromEntries(Object.keys(truth).map((name) => [name, 'right']));

describe('is told of a breaker', () => {
  test.each<{ habit: string; breaker: Partial<SimulatedBreaker>; retry?: SimulatedRetry; truth: Truth }>([
    {
      habit: 'that makes callers wait for its probe',
      breaker: { surplus: 'waits' },
      truth: {
        'breaker.halfOpenProbes': 1,
        'breaker.successesToClose': 1,
        'breaker.kind': 'consecutive',
        'breaker.failures': 3,
      },
    },
    {
      habit: 'whose closing probe is the first call of its new window',
      breaker: {
        rule: { kind: 'count-window', windowCalls: 10, minimumCalls: 6, rate: 0.5, strict: true },
        countsToo: 'closing-probe',
      },
      truth: {
        'breaker.kind': 'count-window',
        'breaker.windowCalls': 10,
        'breaker.minimumCalls': 6,
        'breaker.failureRate': 0.5,
      },
    },
    {
      habit: 'whose threshold in calls and in attempts looks the same until calls come at once',
      breaker: {},
      retry: RETRY,
      truth: { 'breaker.kind': 'consecutive', 'breaker.failures': 3, 'breaker.counts': 'calls' },
    },
  ])(
    '$habit',
    async ({ breaker, retry = null, truth }) => {
      expect(scores(await measured(breaker, retry), truth)).toEqual(allRight(truth));
    },
    LIMIT_MS,
  );

  // These may stay unknown within their time, but no rival may be told in their place.
  test.each<{ habit: string; breaker: Partial<SimulatedBreaker>; truth: Truth }>([
    {
      habit: 'rejected calls count in a rolling window that no close clears',
      breaker: {
        rule: { kind: 'time-window', windowMs: 3_000, minimumCalls: 5, rate: 0.5, strict: true },
        countsToo: 'probes-and-rejected',
        clearsOnClose: false,
      },
      truth: { 'breaker.kind': 'time-window', 'breaker.minimumCalls': 5, 'breaker.failureRate': 0.5 },
    },
    {
      habit: 'failures are counted among the last calls, not their share',
      breaker: {
        rule: { kind: 'failures-in-calls', windowCalls: 10, failures: 5 },
        halfOpenProbes: 3,
        successesToClose: 3,
      },
      truth: { 'breaker.kind': 'failures-in-calls', 'breaker.windowCalls': 10, 'breaker.failures': 5 },
    },
  ])(
    'nothing wrong where $habit',
    async ({ breaker, truth }) => {
      expect(Object.values(scores(await measured(breaker), truth))).not.toContain('wrong');
    },
    LIMIT_MS,
  );
});
