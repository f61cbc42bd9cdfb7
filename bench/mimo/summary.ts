/** From the times of rounds to what is told of them. Pure. */
import { median, quantile } from '../statistics.ts';
import { REFERENCE, type Rounds } from './bench.ts';

/** What is told of one bench. */
export interface Summary {
  operations: number;
  msP50: number;
  msP95: number;
  msP99: number;
  perSecond: number;
  /** Median time of each round, in units of the reference's in the same round. */
  relative: Interval;
}

/** A median with an interval that holds the true one in at least 95 % of cases, whatever the distribution. */
export interface Interval {
  median: number;
  low: number;
  high: number;
}

/** Least number of rounds of which lowest and highest are such an interval: 1 - 2 / 2^6 is 97 %. */
export const ROUNDS_MIN = 6;

export function summarise(rounds: Rounds): Record<string, Summary> {
  const referenceMs = (rounds[REFERENCE] ?? []).map(({ timesMs }) => median(timesMs));
  return Object.fromEntries(
    Object.entries(rounds).map(([name, each]) => {
      const times = each.flatMap(({ timesMs }) => timesMs);
      const relative = each.map(({ timesMs }, i) => median(timesMs) / (referenceMs[i] ?? Number.NaN));
      return [
        name,
        {
          operations: times.length,
          msP50: quantile(times, 0.5),
          msP95: quantile(times, 0.95),
          msP99: quantile(times, 0.99),
          perSecond: (1_000 * times.length) / times.reduce((sum, ms) => sum + ms, 0),
          relative: intervalOf(relative),
        },
      ];
    }),
  );
}

/**
 * The median of independent values and, as its interval, the tightest pair of them that holds the true median with
 * 95 % (order statistics: each value is below it or above with even odds).
 */
export function intervalOf(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  let below = 0;
  // Odds that fewer than k of n values are below the true median, k from 1 on.
  for (let k = 0, odds = 0; k < sorted.length / 2; k++) {
    odds += binomial(sorted.length, k) / 2 ** sorted.length;
    if (2 * odds > 0.05) break;
    below = k;
  }
  return {
    median: median(sorted),
    low: sorted[below] ?? Number.NaN,
    high: sorted[sorted.length - 1 - below] ?? Number.NaN,
  };
}

function binomial(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product = (product * (n - k + i)) / i;
  return product;
}
