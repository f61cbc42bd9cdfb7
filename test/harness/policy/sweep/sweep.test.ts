import { describe, expect, test } from '@jest/globals';
import type { MeasuredPolicy } from '../../../../harness/model/measured.ts';
import { defaultPolicy, fromDeclared, fromMeasured } from '../../../../harness/policy/sweep/base-policy.ts';
import { medianRelativeError, relativeError } from '../../../../harness/policy/sweep/compare.ts';
import {
  parseGrid,
  pointsOf,
  pointsToVerify,
  withValues,
} from '../../../../harness/policy/sweep/parameters.ts';
import { paretoFront, recommend } from '../../../../harness/policy/sweep/recommend.ts';
import { sweep } from '../../../../harness/policy/sweep/sweep.ts';
import { consecutive, once, steady } from '../../../support/sweeps.ts';

describe('the grid', () => {
  test('is every combination, in its order', () => {
    expect(pointsOf(parseGrid(['failures=3,5', 'openMs=500,1000']))).toEqual([
      { failures: 3, openMs: 500 },
      { failures: 3, openMs: 1_000 },
      { failures: 5, openMs: 500 },
      { failures: 5, openMs: 1_000 },
    ]);
  });

  test.each([
    [[], /--grid is needed/],
    [['failure=3'], /no parameter "failure"; did you mean "failures"/],
    [['toString=3'], /no parameter/],
    [['failures'], /must be failures= and values/],
    [['failures=3,x'], /whole number from 1 to 10000, got "x"/],
    [['failures=2.5'], /whole number/],
    [['failureRate=2'], /from 0.001 to 1, got "2"/],
    [['failures=1', 'failures=2'], /given twice/],
    [[`failures=${Array.from({ length: 500 }, (_, i) => i + 1)}`], /500 points are more than 400/],
  ])('%j is told in a sentence', (texts, sentence) => {
    expect(() => parseGrid(texts)).toThrow(sentence);
  });

  test('that does not fit the breaker says so', () => {
    expect(() => withValues(consecutive(), { windowCalls: 20 })).toThrow(
      '--grid windowCalls: a breaker of kind consecutive has no windowCalls',
    );
  });

  test('three points to verify lie apart, the recommended first', () => {
    const points = [1, 2, 3, 4, 5].map((failures) => ({ failures }));
    expect(pointsToVerify(points, { failures: 5 })).toEqual([
      { failures: 5 },
      { failures: 1 },
      { failures: 3 },
    ]);
    expect(pointsToVerify(points.slice(0, 2), { failures: 1 })).toHaveLength(2);
  });
});

describe('the choice', () => {
  const costs = (users: number[], upstream: number[], falseTripsPerDay = 0) => ({
    users,
    upstream,
    falseTripsPerDay,
  });

  test('front: what is worse in something and better in nothing is not on it', () => {
    expect(
      paretoFront([
        costs([10, 10], [5, 5]),
        costs([5, 5], [10, 10]),
        costs([10, 10], [6, 6]),
        costs([5, 5], [10, 10], 2),
      ]),
    ).toEqual([true, true, false, false]);
  });

  test('front: what chance explains is no advantage', () => {
    expect(
      paretoFront([costs([10, 12, 9, 11], [5, 5, 5, 5]), costs([11, 10, 10, 10], [9, 9, 9, 9])]),
    ).toEqual([true, false]);
  });

  test('takes what costs least among what trips falsely seldom enough, and says why', async () => {
    const swept = await sweep({
      policy: defaultPolicy('consecutive'),
      declared: null,
      name: 'start',
      traffic: steady,
      outage: { ...once, errorRatio: 0.02 },
      grid: parseGrid(['failures=1,4', 'openMs=500,2000']),
      runs: 3,
      calmCalls: 1_000_000,
      falseTripsMax: 5,
      weights: { degraded: 0.5, wasted: 0.1 },
      seed: 1,
    });
    // 1 failure in 50 trips the first of them all day long.
    expect(swept.recommended.values).toMatchObject({ failures: 4 });
    expect(swept.recommended.why).toMatch(/failures=4 openMs=\d+: \d+ failed .* at most 5 false trips a day/);
    expect(swept.points).toHaveLength(4);
    expect(swept.points.filter(({ onFront }) => onFront).length).toBeGreaterThan(0);
    expect(swept.curves.map(({ name }) => name)).toContain('start');
  }, 60_000);

  test('says so where nothing trips seldom enough', () => {
    const spread = { median: 1, low: 1, high: 1 };
    const metrics = {
      timeToTripMs: spread,
      trippedShare: 1,
      falseTripsPerDay: { value: 40, high: 50 },
      failed: spread,
      degraded: spread,
      wasted: spread,
      recoveryMs: spread,
      failedPerDay: 1,
      degradedPerDay: 0,
      wastedPerDay: 1,
    };
    const { why } = recommend([{ values: { failures: 1 }, metrics, onFront: true }], 1, {
      degraded: 0.5,
      wasted: 0.1,
    });
    expect(why).toMatch(/every point has more than 1 false trips a day; this one has the fewest, 40/);
  });

  test('too much to simulate is refused before it begins', async () => {
    await expect(
      sweep({
        policy: defaultPolicy('consecutive'),
        declared: null,
        name: 'start',
        traffic: { ...steady, ratePerSecond: 10_000 },
        outage: once,
        grid: parseGrid(['failures=3']),
        runs: 1_000,
        falseTripsMax: 1,
        weights: { degraded: 0.5, wasted: 0.1 },
        seed: 1,
      }),
    ).rejects.toThrow(/the most is 10 million: fewer runs/);
  });
});

describe('where a sweep starts', () => {
  const known = (value: string | number | boolean | null) => ({
    known: true as const,
    value,
    observations: 1,
    experiment: 'x',
  });
  const measured: MeasuredPolicy = {
    tripcurve: 'policy',
    version: 1,
    target: 't',
    link: 'llm',
    request: 'ask',
    environment: 'embedded',
    measuredAt: '2026-01-01T00:00:00Z',
    tookMs: 1,
    requests: 1,
    complete: true,
    calibration: null,
    findings: {
      'breaker.present': known(true),
      'breaker.kind': known('count-window'),
      'breaker.windowCalls': known(30),
      'breaker.minimumCalls': known(7),
      'breaker.failureRate': { known: false, why: 'too noisy' },
      'breaker.openMs': known(700),
      'retry.attempts': known(3),
      'retry.backoff': known('exponential'),
      'retry.baseMs': known(50),
      'retry.factor': known(3),
      'retry.jitter': known('full'),
      'breaker.counts': known('attempts'),
      'timeout.headersMs': known(400),
      'timeout.totalMs': known(null),
      'fallback.kind': known('cached'),
    },
    matrix: {
      'status-400': { retried: false, attempts: 1, counts: true, caller: 'error', status: 502 },
      'status-503': { retried: false, attempts: 1, counts: true, caller: 'error', status: 502 },
    },
    experiments: [],
  };

  test('a measured policy is taken as it was measured, and what is not known is named', () => {
    const { policy, assumed } = fromMeasured(measured, 'policy.json', undefined, new Set());
    expect(policy.breaker?.rule).toEqual({
      kind: 'count-window',
      windowCalls: 30,
      minimumCalls: 7,
      rate: 0.5,
      strict: false,
    });
    expect(policy.breaker).toMatchObject({ counts: 'attempts', openMs: 700 });
    expect(policy.breaker?.shapes.has('status-400')).toBe(true);
    expect(policy.retry).toMatchObject({
      attempts: 3,
      backoff: 'exponential',
      baseMs: 50,
      factor: 3,
      jitter: 'full',
    });
    expect(policy.retry?.shapes.has('status-503')).toBe(false);
    expect(policy).toMatchObject({ headersMs: 400, totalMs: null, fallback: 'cached' });
    expect(assumed).toContain('breaker.failureRate is not known (too noisy): taken as 0.5');
  });

  test('what the grid sets needs not be known', () => {
    const { assumed } = fromMeasured(measured, 'policy.json', undefined, new Set(['failureRate']));
    expect(assumed.join()).not.toContain('failureRate');
  });

  test('a policy without a breaker, or of no known kind, is refused', () => {
    const none = { ...measured, findings: { 'breaker.present': known(false) } };
    expect(() => fromMeasured(none, 'policy.json', undefined, new Set())).toThrow(/no breaker was measured/);
    const unclear = {
      ...measured,
      findings: { ...measured.findings, 'breaker.kind': { known: false as const, why: 'too slow' } },
    };
    expect(() => fromMeasured(unclear, 'policy.json', undefined, new Set())).toThrow(
      /too slow\); say it with --kind/,
    );
    expect(fromMeasured(unclear, 'policy.json', 'leaky', new Set()).policy.breaker?.rule.kind).toBe('leaky');
  });

  test('a declared policy is taken at its word', () => {
    const declared = {
      timeoutMs: 250,
      retry: null,
      breaker: {
        kind: 'count-window' as const,
        failures: 5,
        windowCalls: 10,
        openMs: 900,
        halfOpenProbes: 2,
        successesToClose: 3,
      },
      bulkhead: null,
      fallback: { kind: 'hash' },
    };
    expect(fromDeclared(declared, 'declared.json')).toMatchObject({
      totalMs: 250,
      fallback: 'static',
      breaker: {
        rule: { kind: 'failures-in-calls', windowCalls: 10, failures: 5 },
        openMs: 900,
        successesToClose: 3,
      },
    });
    expect(() => fromDeclared({ ...declared, breaker: null }, 'declared.json')).toThrow(
      /declares no breaker/,
    );
  });
});

describe('simulated against measured', () => {
  test('the error is a share of what was measured; what never came about is not compared', () => {
    expect(relativeError(110, 100)).toBeCloseTo(0.1);
    expect(relativeError(0, 0)).toBe(0);
    expect(relativeError(3, 0)).toBe(1);
    expect(relativeError(null, 100)).toBeNull();
    expect(medianRelativeError([])).toBeNull();
  });
});
