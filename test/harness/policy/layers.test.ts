/** Layers of retries, told by gaps that come again; and what looks like them and is not. */
import { describe, expect, test } from '@jest/globals';
import { characterise } from '../../../harness/policy/characterise.ts';
import { layersOf } from '../../../harness/policy/layers.ts';
import { SimulatedBench } from '../../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../../harness/policy/simulation/clock.ts';
import { NO_POLICY, type SimulatedRetry } from '../../../harness/policy/simulation/service.ts';

/** What five calls saw of these gaps, a little late each time. */
const seen = (...gapsMs: number[]): number[][] =>
  gapsMs.map((gap, i) => [0, 1, 2, 0.5, 1.5].map((lateMs) => gap + ((lateMs * (i + 1)) % 2)));

describe('layers of retries', () => {
  test.each([
    ['three inside two', [50, 50, 400, 50, 50], [3, 2], [[50, 50], [400]]],
    ['two inside three', [50, 400, 50, 800, 50], [2, 3], [[50], [400, 800]]],
    ['a growing one inside', [50, 100, 30, 50, 100], [3, 2], [[50, 100], [30]]],
    [
      'at once inside',
      [0, 0, 200, 0, 0, 200, 0, 0],
      [3, 3],
      [
        [0, 0],
        [200, 200],
      ],
    ],
    ['three layers', [50, 200, 50, 900, 50, 200, 50, 900, 50, 200, 50], [2, 2, 3], [[50], [200], [900, 900]]],
  ])('%s', (_, gaps, attempts, gapsMs) => {
    const layers = layersOf(seen(...gaps), 2);
    expect(layers?.attempts).toEqual(attempts);
    layers?.gapsMs
      .flat()
      .forEach((gap, i) => void expect(Math.abs(gap - (gapsMs.flat()[i] ?? 0))).toBeLessThan(3));
    expect(layers?.gapsMs.map(({ length }) => length)).toEqual(gapsMs.map(({ length }) => length));
  });

  test.each([
    ['one law', [50, 100, 200, 400, 800]],
    ['all gaps alike', [50, 50, 50, 50, 50]],
    ['a law that reaches its cap', [50, 100, 100, 100, 100]],
    ['two by two, or a last gap that a deadline cut short', [50, 400, 50]],
    ['a longer first gap', [120, 100, 100, 100, 100]],
    ['one longer gap within', [100, 120, 100, 100, 100]],
    ['a little longer gap in the middle', [100, 100, 120, 100, 100]],
    ['inner gaps that do not come again', [50, 60, 400, 80, 90]],
    ['as many attempts as no layers have', [50, 50, 400, 50]],
  ])('not %s', (_, gaps) => {
    expect(layersOf(seen(...gaps), 2)).toBeNull();
  });

  test('not gaps with jitter, nor what three calls saw', () => {
    expect(
      layersOf(
        [
          [50, 20, 90, 40],
          [400, 200, 300, 500],
          [10, 70, 50, 30],
        ],
        2,
      ),
    ).toBeNull();
    expect(
      layersOf(
        seen(50, 50, 400, 50, 50).map((few) => few.slice(0, 3)),
        2,
      ),
    ).toBeNull();
  });
});

describe('a client library that tries again inside an application that does', () => {
  const retry = (attempts: number, baseMs: number, inner?: SimulatedRetry): SimulatedRetry => ({
    attempts,
    backoff: 'constant',
    baseMs,
    factor: 2,
    capMs: 1e9,
    jitter: 'none',
    jitterShare: 0.1,
    honoursRetryAfter: false,
    shapes: new Set(['status-503', 'status-500', 'rst']),
    ...(inner === undefined ? {} : { inner }),
  });

  const measured = async (policy: SimulatedRetry) => {
    const clock = new VirtualClock();
    const bench = new SimulatedBench({
      policy: { ...NO_POLICY, headersMs: 300, retry: policy },
      clock,
      seed: 1,
      giveUpMs: 4_000,
      noiseMs: 1,
    });
    return clock.run(characterise({ bench, errorMs: 2, limits: { patienceMs: 4_000 } }));
  };

  test('is measured as two layers', async () => {
    const { findings } = await measured(retry(2, 300, retry(3, 40)));
    expect(findings['retry.layers']).toMatchObject({ known: true, value: '3 × 2' });
    expect(findings['retry.attempts']).toMatchObject({ known: true, value: 6 });
    expect(findings['retry.backoff']).toMatchObject({
      known: false,
      why: expect.stringMatching(/^each layer has gaps of its own: 4\d, 4\d; around it 30\d ms$/),
    });
  }, 60_000);

  test('one layer is not taken for two', async () => {
    const { findings } = await measured(retry(6, 40));
    expect(findings['retry.layers']).toMatchObject({ known: false });
    expect(findings['retry.backoff']).toMatchObject({ known: true, value: 'constant' });
  }, 60_000);
});
