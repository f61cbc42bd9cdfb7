import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../harness/model/random.ts';
import { fitBackoff } from '../../harness/policy/backoff.ts';

const CALLS = 10;

/** Gaps of so many calls; `late` calls are late by `lateMs`, as on a busy machine. */
function gapsOf(plainMs: readonly number[], draw: () => number, late = 0, lateMs = 0): number[][] {
  return plainMs.map((ms) =>
    Array.from({ length: CALLS }, (_, i) => ms * draw() + 1 + (i < late ? lateMs : 0)),
  );
}

const value = (findings: ReturnType<typeof fitBackoff>['findings'], name: keyof typeof findings): unknown => {
  const finding = findings[name];
  return finding?.known === true ? finding.value : 'unknown';
};

describe('the law of gaps', () => {
  test('without jitter is not mistaken for one with jitter when a few timers are late', () => {
    const { findings } = fitBackoff(
      gapsOf([40, 80, 160], () => 1, 2, 15),
      3,
    );
    expect(value(findings, 'retry.jitter')).toBe('none');
    expect(value(findings, 'retry.backoff')).toBe('exponential');
  });

  test('is told with the cap that only its last gap has met', () => {
    const { findings } = fitBackoff(
      gapsOf([40, 80, 160, 200], () => 1),
      2,
    );
    expect(value(findings, 'retry.backoff')).toBe('exponential');
    expect(value(findings, 'retry.capMs')).toBeCloseTo(201, 0);
  });

  test('does not deny jitter that the rig could not see', () => {
    const random = seededRandom(1);
    // ±10 % of 40 ms is no more than an error of 4 ms.
    const { findings } = fitBackoff(
      gapsOf([40, 40, 40], () => 0.9 + 0.2 * random()),
      4,
    );
    expect(value(findings, 'retry.jitter')).toBe('unknown');
  });

  test('is not told for certain from draws that late timers have widened', () => {
    const random = seededRandom(2);
    for (let run = 0; run < 50; run++) {
      const gaps = gapsOf([250, 250, 250], () => 0.8 + 0.4 * random(), 1, 120);
      const { findings } = fitBackoff(gaps, 3);
      expect(['constant', 'unknown']).toContain(value(findings, 'retry.backoff'));
      const share = findings['retry.jitterShare'];
      if (share?.known === true) expect(share.low ?? 0).toBeLessThanOrEqual(0.2);
    }
  });

  test.each([
    ['equal', 0.5, 1],
    ['full', 0, 1],
    ['plus-minus', 0.75, 1.25],
  ])(
    'with %s jitter is never taken for another, however the draws fall, and told of most',
    (kind, low, high) => {
      const told: unknown[] = [];
      for (let seed = 1; seed <= 40; seed++) {
        const random = seededRandom(seed);
        const gaps = [400, 400, 400].map((ms) =>
          Array.from({ length: 60 }, () => ms * (low + (high - low) * random()) + random()),
        );
        told.push(value(fitBackoff(gaps, 2).findings, 'retry.jitter'));
      }
      expect(told.filter((one) => one !== kind && one !== 'unknown')).toEqual([]);
      expect(told.filter((one) => one === kind).length).toBeGreaterThan(20);
    },
  );

  test('with jitter is told where one timer in ten is late', () => {
    const random = seededRandom(7);
    const gaps = [100, 200, 400].map((ms) =>
      Array.from({ length: 40 }, (_, i) => ms * random() + (i % 10 === 0 ? 300 : 0)),
    );
    const { findings } = fitBackoff(gaps, 2);
    expect(value(findings, 'retry.jitter')).toBe('full');
    expect(['exponential', 'unknown']).toContain(value(findings, 'retry.backoff'));
  });
});
