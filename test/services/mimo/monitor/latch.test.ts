/** When a number counts as too high, on a clock of the test's own. */
import { describe, expect, test } from '@jest/globals';
import { Latch } from '../../../../services/mimo/monitor/latch.ts';

/** What a latch says of values a second apart: `^` raised, `.` not. */
function says(values: readonly number[], given: { hysteresis?: number; sustainedMs?: number } = {}): string {
  const latch = new Latch({ threshold: 100, hysteresis: 0.1, sustainedMs: 3_000, ...given });
  return values.map((value, second) => (latch.take(value, second * 1_000) ? '^' : '.')).join('');
}

describe('a latch', () => {
  test.each([
    ['a value above for the whole time raises it', [50, 101, 101, 101, 101], '....^'],
    ['a spike does not', [50, 500, 500, 50, 500, 500, 50], '.......'],
    ['exactly the threshold is not above it', [100, 100, 100, 100, 100], '.....'],
    ['a value between falls neither here nor there', [101, 101, 101, 101, 95, 95, 95, 95, 95], '...^^^^^^'],
    ['clearly below for the whole time lowers it', [101, 101, 101, 101, 89, 89, 89, 89], '...^^^^.'],
    ['a dip does not', [101, 101, 101, 101, 10, 10, 95, 10, 10, 10, 10], '...^^^^^^^.'],
  ])('%s', (_what, values, expected) => {
    expect(says(values)).toBe(expected);
  });

  test('a value that swings around the threshold changes nothing, either way', () => {
    const swinging = Array.from({ length: 60 }, (_, second) => (second % 2 === 0 ? 105 : 98));
    expect(says(swinging)).toBe('.'.repeat(60));
    expect(says([101, 101, 101, 101, ...swinging])).toBe(`...${'^'.repeat(61)}`);
  });

  test('without a sustained time the first value decides', () => {
    expect(says([101, 95, 89], { sustainedMs: 0 })).toBe('^^.');
  });
});
