import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../../../harness/model/random.ts';
import type { TrafficModel } from '../../../../harness/model/sweep.ts';
import { calmDays } from '../../../../harness/policy/sweep/calm.ts';
import { episodeMetrics, spreadOf, wireTripMs } from '../../../../harness/policy/sweep/metrics.ts';
import { drawEpisode, OUTAGES } from '../../../../harness/policy/sweep/outages.ts';
import { simulateEpisode, tripIn } from '../../../../harness/policy/sweep/simulate.ts';
import { arrivalsOf } from '../../../../harness/policy/sweep/traffic.ts';
import { tripCurve } from '../../../../harness/policy/sweep/trip-curve.ts';
import { consecutive, outageOf, steady, whole, withRule } from '../../../support/sweeps.ts';

describe('a simulated outage', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])(
    '5 in a row at a steady 20 requests/s trip it within 0.2 to 0.25 s and an answer (seed %i)',
    async (seed) => {
      const simulated = await outageOf(consecutive(), whole, steady, seed);
      const tripMs = tripIn(simulated) ?? Number.NaN;
      expect(tripMs - 2_000).toBeGreaterThanOrEqual(205);
      expect(tripMs - 2_000).toBeLessThanOrEqual(255);
    },
  );

  test('asks once each time the open duration is over, and fails everybody else', async () => {
    const { requests, tries, span } = await outageOf(consecutive());
    const { failed, wasted, degraded } = episodeMetrics(requests, tries, span, null);
    // 10 s of which 0.25 are taken by 5 failures; a probe every 1.005 s, at the next arrival.
    expect(wasted).toBe(5 + 9);
    expect(failed).toBeGreaterThanOrEqual(200);
    expect(failed).toBeLessThanOrEqual(200 + 22);
    expect(degraded).toBe(0);
  });

  test('is over for users within an open duration and a gap after the heal', async () => {
    for (const openMs of [300, 1_000, 3_000]) {
      const { requests, tries, span } = await outageOf(consecutive({ openMs }));
      const { recoveryMs } = episodeMetrics(requests, tries, span, null);
      expect(recoveryMs).not.toBeNull();
      expect(recoveryMs).toBeLessThanOrEqual(openMs + 60);
    }
  });

  test('with a static fallback degrades and fails nobody', async () => {
    const { requests, tries, span } = await outageOf({ ...consecutive(), fallback: 'static' });
    const { failed, degraded } = episodeMetrics(requests, tries, span, null);
    expect([failed, degraded > 200]).toEqual([0, true]);
  });

  test('counts attempts of which a link would see nothing', async () => {
    const refused = { ...whole, shape: 'refused' };
    const { requests, tries, seen, span } = await outageOf(consecutive(), refused);
    expect(episodeMetrics(requests, tries, span, null).wasted).toBe(14);
    expect(seen.filter(({ startMs }) => startMs >= span.fromMs && startMs < span.toMs)).toEqual([]);
  });

  test('that hangs takes the timeout longer to trip', async () => {
    const hang = { ...whole, shape: 'slow-headers' };
    const trip = async (timeoutMs: number): Promise<number> => {
      const simulated = await outageOf(consecutive({ timeoutMs }), hang);
      return (tripIn(simulated) ?? Number.NaN) - simulated.span.fromMs;
    };
    expect((await trip(800)) - (await trip(300))).toBeCloseTo(500, 0);
  });

  test('without errors and without an outage nothing trips', async () => {
    const none = { ...whole, durationMs: 1 };
    const { tripsMs, requests } = await outageOf(consecutive({ failures: 2 }), none);
    expect(tripsMs).toEqual([]);
    expect(requests.length).toBeGreaterThan(30);
  });

  test('is the same for the same seed, and another for another', async () => {
    const partial = { ...whole, failureRatio: 0.5 };
    const poisson: TrafficModel = { ...steady, arrivals: 'poisson' };
    const run = async (seed: number) => JSON.stringify(await outageOf(consecutive(), partial, poisson, seed));
    expect(await run(3)).toBe(await run(3));
    expect(await run(3)).not.toBe(await run(4));
  });
});

describe('the trip as the wire shows it', () => {
  test.each([
    ['consecutive 5', consecutive(), 'status-503'],
    ['consecutive 2', consecutive({ failures: 2 }), 'status-503'],
    ['hangs with attempts under way', consecutive({ timeoutMs: 300 }), 'slow-headers'],
    [
      'count window',
      withRule({ kind: 'count-window', windowCalls: 20, minimumCalls: 10, rate: 0.5, strict: false }),
      'status-503',
    ],
  ] as const)('is that of the breaker: %s', async (_name, policy, shape) => {
    const simulated = await outageOf(policy, { ...whole, shape }, { ...steady, arrivals: 'poisson' });
    const { requests, seen, span } = simulated;
    expect(wireTripMs(requests, seen, span, 1_000)).toBeCloseTo(tripIn(simulated) ?? Number.NaN, 3);
  });

  test('is late by no more than the retries of calls that were let in before it', async () => {
    const simulated = await outageOf(consecutive({ attempts: 3 }), whole, { ...steady, arrivals: 'poisson' });
    const lateMs =
      (wireTripMs(simulated.requests, simulated.seen, simulated.span, 1_000) ?? 0) - (tripIn(simulated) ?? 0);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThanOrEqual(3 * steady.serviceMs);
  });

  test('is none where attempts go on', async () => {
    const never = withRule({ kind: 'consecutive', failures: 10_000 });
    const { requests, seen, span } = await outageOf(never);
    expect(wireTripMs(requests, seen, span, 1_000)).toBeNull();
  });
});

describe('false trips', () => {
  test('are none without errors', () => {
    expect(calmDays(consecutive({ failures: 1 }), steady, 0, 1e6, 1)).toMatchObject({
      tripsPerDay: 0,
      tripsPerDayHigh: 0,
    });
  });

  test('of 3 in a row come as often as the formula says', () => {
    const { tripsPerDay, rejectedPerDay } = calmDays(
      consecutive({ failures: 3 }),
      steady,
      0.05,
      4_000_000,
      1,
    );
    // A run of 3 begins at each call that is well and followed by three that fail; the open second takes 20 calls.
    const expected = 20 * 86_400 * 0.05 ** 3 * 0.95;
    expect(tripsPerDay / expected).toBeGreaterThan(0.85);
    expect(tripsPerDay / expected).toBeLessThan(1.15);
    expect(rejectedPerDay / tripsPerDay).toBeGreaterThan(18);
    expect(rejectedPerDay / tripsPerDay).toBeLessThan(24);
  });

  test('agree with the whole simulation', async () => {
    const policy = consecutive({ failures: 2, openMs: 200 });
    const { tripsPerDay } = calmDays(policy, steady, 0.1, 2_000_000, 1);
    const { tripsMs } = await simulateEpisode({
      policy,
      arrivals: arrivalsOf(steady, seededRandom(7)),
      fromMs: 1_000_000,
      episode: { ...whole, durationMs: 1 },
      errorRatio: 0.1,
      serviceMs: 5,
      tailMs: 0,
      seed: 7,
    });
    const simulated = tripsMs.length / (1_000_000 / 86_400_000);
    expect(simulated / tripsPerDay).toBeGreaterThan(0.75);
    expect(simulated / tripsPerDay).toBeLessThan(1.25);
  });

  test('are fewer the more failures it takes', () => {
    const trips = [1, 2, 3, 4].map(
      (failures) => calmDays(consecutive({ failures }), steady, 0.05, 1_000_000, 1).tripsPerDay,
    );
    expect(trips).toEqual(trips.toSorted((a, b) => b - a));
  });

  test('that were not seen are bounded by how long nobody saw them', () => {
    const { tripsPerDay, tripsPerDayHigh } = calmDays(consecutive(), steady, 0.0001, 20 * 86_400, 1);
    expect(tripsPerDay).toBe(0);
    expect(tripsPerDayHigh).toBeCloseTo(3, 1);
  });
});

describe('a trip curve', () => {
  test('falls with the failure ratio, and lies higher for a breaker that takes more', async () => {
    const poisson: TrafficModel = { ...steady, arrivals: 'poisson' };
    const curveOf = async (failures: number) =>
      (await tripCurve(consecutive({ failures }), poisson, 'status-503', 5, 1)).map(
        ({ timeToTripMs }) => timeToTripMs.median ?? Number.POSITIVE_INFINITY,
      );
    const [quick, slow] = [await curveOf(3), await curveOf(6)];
    expect(quick.at(-1)).toBeLessThan(quick.at(-8) ?? 0);
    expect(slow.at(-1)).toBeLessThan(slow.at(-8) ?? 0);
    for (const [i, ms] of quick.entries()) expect(ms).toBeLessThanOrEqual(slow[i] ?? 0);
  }, 60_000);

  test('of a rate has its end at the rate', async () => {
    const window = withRule({
      kind: 'count-window',
      windowCalls: 100,
      minimumCalls: 100,
      rate: 0.8,
      strict: false,
    });
    const points = await tripCurve(window, { ...steady, ratePerSecond: 50 }, 'status-503', 2, 1);
    expect(points.at(-1)?.trippedShare).toBe(1);
    for (const { failureRatio, trippedShare } of points) if (failureRatio < 0.5) expect(trippedShare).toBe(0);
  }, 60_000);
});

describe('monotone, whatever the seed', () => {
  test.each([1, 2, 3])(
    'more failures trip later and waste more; longer open wastes less (seed %i)',
    async (seed) => {
      const of = async (values: Record<string, number>) => {
        const simulated = await outageOf(
          consecutive(values),
          whole,
          { ...steady, arrivals: 'poisson' },
          seed,
        );
        return episodeMetrics(simulated.requests, simulated.tries, simulated.span, tripIn(simulated));
      };
      const [few, many] = [await of({ failures: 2 }), await of({ failures: 9 })];
      expect(few.timeToTripMs ?? Number.NaN).toBeLessThan(many.timeToTripMs ?? Number.NaN);
      expect(few.wasted).toBeLessThan(many.wasted);
      const [short, long] = [await of({ openMs: 300 }), await of({ openMs: 3_000 })];
      expect(long.wasted).toBeLessThan(short.wasted);
      expect(long.failed).toBeGreaterThanOrEqual(short.failed);
    },
  );
});

describe('outage models', () => {
  test('every built-in one draws outages around its own', () => {
    for (const model of OUTAGES.values()) {
      const random = seededRandom(1);
      const durations = Array.from({ length: 999 }, () => drawEpisode(model, random).durationMs);
      const median = spreadOf(durations).median ?? 0;
      expect(median / (model.episodes[0]?.durationMs ?? 1)).toBeGreaterThan(0.9);
      expect(median / (model.episodes[0]?.durationMs ?? 1)).toBeLessThan(1.1);
    }
  });
});
