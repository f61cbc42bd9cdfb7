import { describe, expect, test } from '@jest/globals';
import type { Spread, TripCurve, Verification } from '../../../harness/model/sweep.ts';
import { scale } from '../../../harness/report/plot.ts';
import { renderTripCurve } from '../../../harness/report/trip-curve.ts';

const spread = (median: number | null): Spread => ({
  median,
  low: median === null ? null : median / 2,
  high: median === null ? null : median * 2,
});

const curve = (name: string, points: readonly (readonly [number, number | null])[]): TripCurve => ({
  name,
  points: points.map(([failureRatio, ms]) => ({
    failureRatio,
    timeToTripMs: spread(ms),
    trippedShare: ms === null ? 0 : 1,
  })),
});

describe('the trip curve as a picture', () => {
  test('axes are logarithmic: every decade is as long as the next', () => {
    const place = scale({ title: '', from: 1, to: 1_000, isLog: true, ticks: [] }, 0, 300);
    expect([1, 10, 100, 1_000].map(place)).toEqual([0, 100, 200, 300].map((at) => expect.closeTo(at)));
  });

  test('shows each curve with its band and name, what is declared dashed', () => {
    const svg = renderTripCurve({
      curves: [
        curve('declared', [
          [0.5, 900],
          [1, 200],
        ]),
        curve('measured <policy>', [
          [0.5, 1_000],
          [1, 250],
        ]),
      ],
      threshold: 0.4,
      verification: null,
    });
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg.match(/<polygon/g)).toHaveLength(2);
    expect(svg).toContain('stroke-dasharray="7 5"');
    expect(svg).toContain('measured &lt;policy&gt;');
    expect(svg).toContain('>threshold<');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('points upward where it does not trip, and survives a curve that never does', () => {
    const svg = renderTripCurve({
      curves: [
        curve('some', [
          [0.2, null],
          [0.5, 900],
          [1, 200],
        ]),
        curve('never', [
          [0.5, null],
          [1, null],
        ]),
      ],
      threshold: null,
      verification: null,
    });
    expect(svg.match(/stroke-dasharray="1 4"/g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('puts a dot for every outage that was measured', () => {
    const compared = { simulated: 1, measured: 1, relativeError: 0 };
    const point: Verification = {
      values: { failures: 3 },
      isRecommended: true,
      episodes: [150, 160, null].map((timeToTripMs) => {
        const metrics = { timeToTripMs, failed: 1, attempts: 1, recoveryMs: 1 };
        return { durationMs: 1_000, simulated: metrics, measured: metrics };
      }),
      compared: { timeToTripMs: compared, failed: compared, attempts: compared, recoveryMs: compared },
      failureRatio: 1,
      serviceMs: 2,
    };
    const svg = renderTripCurve({
      curves: [
        curve('recommended: failures=3', [
          [0.5, 900],
          [1, 200],
        ]),
      ],
      threshold: null,
      verification: { points: [point], medianRelativeError: 0 },
    });
    expect(svg.match(/on the wire<\/title>/g)).toHaveLength(2);
  });
});
