/**
 * The rate of arrivals over time, turned round: when so and so many are expected to have come. One
 * function of the traffic, so that every engine means the same by a ramp.
 */
import type { Traffic } from '../model/scenario.ts';
import type { Ms } from '../model/time.ts';

const MS_PER_SECOND = 1_000;

/** What of the traffic decides how many arrive when. */
export type Rates = Pick<Traffic, 'ratePerSecond' | 'ramp'>;

/** The moment by which `expected` arrivals are expected; after the ramp its last rate goes on. */
export function momentOf(expected: number, { ratePerSecond, ramp }: Rates): Ms {
  let left = expected;
  let startMs = 0;
  let rate = ratePerSecond;
  for (const { toRatePerSecond, forMs } of ramp) {
    const inStage = (((rate + toRatePerSecond) / 2) * forMs) / MS_PER_SECOND;
    if (left < inStage) {
      // rate·x + (slope/2)·x² = left·1000, solved in the form that is stable where the slope is 0.
      const halfSlope = (toRatePerSecond - rate) / (2 * forMs);
      const scaled = left * MS_PER_SECOND;
      return startMs + (2 * scaled) / (rate + Math.sqrt(rate * rate + 4 * halfSlope * scaled));
    }
    left -= inStage;
    startMs += forMs;
    rate = toRatePerSecond;
  }
  return startMs + (left * MS_PER_SECOND) / rate;
}
