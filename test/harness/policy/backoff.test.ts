import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../../harness/model/random.ts';
import { fitBackoff } from '../../../harness/policy/backoff.ts';

const ERROR_MS = 1;

/** For each gap, what `calls` calls showed of it. */
function draw(
  delays: readonly number[],
  calls: number,
  share: (dice: number) => number,
  seed = 7,
): number[][] {
  const random = seededRandom(seed);
  return delays.map((delay) => Array.from({ length: calls }, () => delay * share(random())));
}
const exactly = (delays: readonly number[]): number[][] => draw(delays, 5, () => 1);

describe('laws without jitter', () => {
  test.each([
    ['none', [0.4, 0.6, 0.5, 0.4]],
    ['constant', [100, 100, 100]],
    ['linear', [50, 100, 150, 200]],
    ['exponential', [50, 100, 200, 400]],
  ])('%s', (kind, delays) => {
    expect(fitBackoff(exactly(delays), ERROR_MS).findings['retry.backoff']).toMatchObject({
      known: true,
      value: kind,
    });
  });

  test('one gap is no law, two even ones may double, and three may reach a cap', () => {
    for (const delays of [[100], [100, 200], [100, 200, 300]])
      expect(fitBackoff(exactly(delays), ERROR_MS).findings['retry.backoff']).toMatchObject({ known: false });
  });

  test('gaps that are equal only as far as the rig can tell are none of a constant law', () => {
    const law = (delays: readonly number[], errorMs: number) =>
      fitBackoff(exactly(delays), errorMs).findings['retry.backoff'];
    expect(law([20, 40, 80], 60)).toMatchObject({ known: false, why: expect.stringMatching(/may be wrong/) });
    expect(law([20, 20, 20], 60)).toMatchObject({ known: false });
    expect(law([200, 200, 200], 60)).toMatchObject({ known: true, value: 'constant' });
  });

  test('a cap is told, and the law is read from what is before it', () => {
    const { findings } = fitBackoff(exactly([50, 150, 450, 600, 600]), ERROR_MS);
    expect(findings['retry.backoff']).toMatchObject({ value: 'exponential' });
    expect(findings['retry.factor']).toMatchObject({ value: expect.closeTo(3, 5) });
    expect(findings['retry.capMs']).toMatchObject({ value: 600 });
  });
});

describe('jitter', () => {
  test.each([
    ['full', (dice: number) => dice],
    ['plus-minus', (dice: number) => 0.9 + 0.2 * dice],
  ])('%s is told from enough draws, and never as something else', (kind, share) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { findings } = fitBackoff(draw([200, 400, 800], 20, share, seed), ERROR_MS);
      const jitter = findings['retry.jitter'];
      if (jitter?.known === true) expect(jitter.value).toBe(kind);
      const base = findings['retry.baseMs'];
      if (base?.known === true)
        expect([base.low, base.high]).toEqual([expect.any(Number), expect.any(Number)]);
    }
    const many = fitBackoff(draw([200, 400, 800], 60, share), ERROR_MS).findings;
    expect(many['retry.jitter']).toMatchObject({ known: true, value: kind });
    expect(many['retry.backoff']).toMatchObject({ known: true, value: 'exponential' });
  });

  test('too few draws tell nothing', () => {
    const { findings } = fitBackoff(
      draw([200, 400], 3, (dice) => dice),
      ERROR_MS,
    );
    expect(findings['retry.jitter']).toMatchObject({ known: false });
  });

  test('draws of no even law are told as none', () => {
    const { findings } = fitBackoff(
      draw([100, 100, 100], 40, (dice) => 0.1 + dice ** 6),
      ERROR_MS,
    );
    expect(findings['retry.jitter']).toMatchObject({ known: false });
  });
});
