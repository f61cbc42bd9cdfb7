/** Habits of breakers from the field that were once told wrongly, on a simulated service and a virtual clock. */
import { describe, expect, test } from '@jest/globals';
import type { QuantityName } from '../../harness/model/measured.ts';
import { SHAPES } from '../../harness/policy/bench.ts';
import { type Characterised, characterise } from '../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../harness/policy/simulation/clock.ts';
import {
  NO_POLICY,
  type ServicePolicy,
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

const PATIENCE_MS = 3_000;

/** Measures a service with this breaker and, unless it is said otherwise, a timeout of 250 ms. */
function measured(
  breaker: Partial<SimulatedBreaker>,
  retry: SimulatedRetry | null = null,
  limits: Partial<ServicePolicy> = { totalMs: 250 },
): Promise<Characterised> {
  const clock = new VirtualClock();
  const policy = { ...NO_POLICY, ...limits, retry, breaker: { ...THREE_IN_A_ROW, ...breaker } };
  const bench = new SimulatedBench({ policy, clock, seed: 1, giveUpMs: PATIENCE_MS, noiseMs: 2 });
  return clock.run(characterise({ bench, limits: { patienceMs: PATIENCE_MS }, errorMs: 3 }));
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
    {
      habit: 'whose calls fail too slowly to trip it in turn, but for those that are not tried again',
      breaker: {
        rule: { kind: 'time-window', windowMs: 5_000, minimumCalls: 15, rate: 0.6, strict: false },
        openMs: 1_000,
      },
      retry: {
        ...RETRY,
        attempts: 5,
        baseMs: 290,
        shapes: new Set(SHAPES.filter((shape) => shape !== 'status-500')),
      },
      truth: {
        'breaker.kind': 'time-window',
        'breaker.minimumCalls': 15,
        'breaker.failureRate': 0.6,
        'retry.attempts': 5,
        'retry.baseMs': 290,
      },
    },
    {
      habit: 'that opens before the first call has made all its attempts',
      breaker: {
        rule: { kind: 'consecutive', failures: 2 },
        counts: 'attempts',
        shapes: new Set(SHAPES.filter((shape) => shape !== 'truncated-stream')),
      },
      retry: { ...RETRY, attempts: 4 },
      truth: {
        'breaker.kind': 'consecutive',
        'breaker.failures': 2,
        'breaker.counts': 'attempts',
        'retry.attempts': 4,
        'retry.backoff': 'constant',
        'retry.baseMs': 60,
      },
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

test(
  'what nobody gives up on is waited for once, by the timeouts, and the matrix knows of it',
  async () => {
    const { matrix, experiments } = await measured({}, null, { headersMs: 250 });
    expect(matrix['stalled-stream']).toMatchObject({
      retried: false,
      counts: null,
      caller: 'nothing',
      why: 'nobody gives up on it, so it was not repeated',
    });
    expect(matrix['slow-headers']).toMatchObject({ retried: false, counts: true, caller: 'error' });
    const rows = experiments.find(({ name }) => name === 'failure matrix');
    // Each of the fourteen rows trips it at most twice, and is open for 600 ms then.
    expect(rows?.tookMs).toBeLessThan(14 * 2 * 600);
    const timeouts = experiments.find(({ name }) => name === 'timeouts');
    expect(timeouts?.tookMs).toBeGreaterThan(2 * PATIENCE_MS);
  },
  LIMIT_MS,
);
