import { describe, expect, test } from '@jest/globals';
import { momentOf } from '../../../harness/load/arrivals.ts';
import { planLoad } from '../../../harness/load/plan.ts';
import { Traffic } from '../../../harness/model/scenario.ts';
import { trafficConfig } from '../../support/traffic.ts';

/** 10/s rising to 30/s in 2 s (40 arrivals), held for 1 s (30), falling to 10/s in 1 s (20), then 10/s. */
const ramped = {
  ratePerSecond: 10,
  ramp: [
    { toRatePerSecond: 30, forMs: 2_000 },
    { toRatePerSecond: 30, forMs: 1_000 },
    { toRatePerSecond: 10, forMs: 1_000 },
  ],
};

describe('the moment of an arrival', () => {
  test.each([
    [0, 0],
    [15, 1_000], // 10 + 20 in the middle of the rise: 15 arrivals in its first second
    [40, 2_000],
    [55, 2_500],
    [70, 3_000],
    [90, 4_000],
    [95, 4_500],
  ])('%i arrivals are expected by %i ms of the ramp', (expected, atMs) => {
    expect(momentOf(expected, ramped)).toBeCloseTo(atMs, 6);
  });

  test('is a division where there is no ramp', () => {
    expect(momentOf(7, { ratePerSecond: 100, ramp: [] })).toBe(70);
  });
});

describe('a ramped load plan', () => {
  test.each(['constant', 'poisson'] as const)('has the rate of each stage, with %s arrivals', (arrivals) => {
    const faster = { ratePerSecond: 100, ramp: ramped.ramp.map((s) => ({ ...s, toRatePerSecond: 300 })) };
    const traffic = Traffic.parse({ ...faster, mix: { get: 1 }, arrivals });
    const plan = planLoad(traffic, trafficConfig, 4_000, 7, 'r');
    for (const [fromMs, toMs, expected] of [
      [0, 1_000, 150],
      [1_000, 2_000, 250],
      [2_000, 4_000, 600],
    ] as const) {
      const arrived = plan.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
      expect(arrived).toBeGreaterThan(expected * 0.8);
      expect(arrived).toBeLessThan(expected * 1.2);
    }
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  });
});
