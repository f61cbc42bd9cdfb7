/** Which of the points are worth having, and which one to take. */
import { type SweepMetrics, type SweepPoint, valuesText } from '../../model/sweep.ts';

/** What a point costs; less is better. */
export interface Costs {
  /** Requests of users that failed or were degraded, run by run. */
  users: readonly number[];
  /** Attempts that a failing dependency was bothered with, run by run. */
  upstream: readonly number[];
  falseTripsPerDay: number;
}

/** What counts as a difference: this many standard errors of the mean. */
const STANDARD_ERRORS = 2;

/**
 * For each: whether no other is at least as good in everything and better in something (V. Pareto). Runs are
 * compared pair by pair, since each run is the same outage for every point; what chance explains is no difference.
 */
export function paretoFront(costs: readonly Costs[]): boolean[] {
  return costs.map((one) => !costs.some((other) => dominates(other, one)));
}

function dominates(other: Costs, one: Costs): boolean {
  const signs = [
    difference(other.users, one.users),
    difference(other.upstream, one.upstream),
    Math.sign(other.falseTripsPerDay - one.falseTripsPerDay),
  ];
  return signs.every((sign) => sign <= 0) && signs.some((sign) => sign < 0);
}

/** −1: the first are less; 1: more; 0: neither, for all that can be told. */
function difference(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, i) => value - (b[i] ?? 0));
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const variance =
    differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, differences.length - 1);
  return Math.abs(mean) > STANDARD_ERRORS * Math.sqrt(variance / differences.length) ? Math.sign(mean) : 0;
}

/** What a degraded answer and a wasted attempt weigh against a failed request, which weighs 1. */
export interface Weights {
  degraded: number;
  wasted: number;
}

/** Of the points on the front with few enough false trips, the one that costs least. */
export function recommend(
  points: readonly SweepPoint[],
  falseTripsMax: number,
  weights: Weights,
): { values: Record<string, number>; why: string } {
  // Differences that chance explains can, rarely, leave nobody undominated.
  const marked = points.filter(({ onFront }) => onFront);
  const front = marked.length === 0 ? points : marked;
  const allowed = front.filter(({ metrics }) => metrics.falseTripsPerDay.value <= falseTripsMax);
  if (allowed.length === 0) {
    const [least] = front.toSorted(
      (a, b) => a.metrics.falseTripsPerDay.value - b.metrics.falseTripsPerDay.value,
    );
    if (least === undefined) throw new Error('a sweep without points');
    return {
      values: least.values,
      why: `${valuesText(least.values)}: every point has more than ${falseTripsMax} false trips a day; this one has the fewest, ${round(least.metrics.falseTripsPerDay.value)}. Give the grid values that trip later.`,
    };
  }
  const costs = allowed
    .map((point) => ({ ...point, cost: costOf(point.metrics, weights) }))
    .toSorted(
      (a, b) => a.cost - b.cost || a.metrics.falseTripsPerDay.value - b.metrics.falseTripsPerDay.value,
    );
  const [best, next] = costs;
  if (best === undefined) throw new Error('a sweep without points');
  const { failedPerDay, degradedPerDay, wastedPerDay, falseTripsPerDay } = best.metrics;
  const trips =
    falseTripsPerDay.value === 0 && falseTripsPerDay.high > 0
      ? `none seen, at most ${round(falseTripsPerDay.high)}`
      : round(falseTripsPerDay.value);
  const rest =
    next === undefined
      ? `it is the only point on the Pareto front with at most ${falseTripsMax} false trips a day`
      : `the least of the ${costs.length} points on the Pareto front with at most ${falseTripsMax} false trips a day; next is ${valuesText(next.values)} with ${round(next.cost)}`;
  return {
    values: best.values,
    why: `${valuesText(best.values)}: ${round(failedPerDay)} failed and ${round(degradedPerDay)} degraded requests and ${round(wastedPerDay)} wasted attempts a day cost ${round(best.cost)} together (a failed request 1, a degraded one ${weights.degraded}, a wasted attempt ${weights.wasted}), ${rest}. False trips a day: ${trips}.`,
  };
}

function costOf(
  { failedPerDay, degradedPerDay, wastedPerDay }: SweepMetrics,
  { degraded, wasted }: Weights,
): number {
  return failedPerDay + degraded * degradedPerDay + wasted * wastedPerDay;
}

function round(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2);
}
