/** A whole sweep: every point of the grid through the same outages, calm days, trip curves, and a choice. */
import { UsageError } from '../../model/errors.ts';
import { seededRandom, seedFor } from '../../model/random.ts';
import {
  type OutageModel,
  type SweepMetrics,
  type SweepPoint,
  type SweepResult,
  type TrafficModel,
  type TripCurve,
  valuesText,
} from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';
import type { Shape } from '../bench.ts';
import type { ServicePolicy } from '../simulation/service.ts';
import { type CalmDays, calmDays } from './calm.ts';
import { type EpisodeMetrics, episodeMetrics, spreadOf } from './metrics.ts';
import { drawEpisode } from './outages.ts';
import { type Grid, pointsOf, pointsToVerify, type Values, withValues } from './parameters.ts';
import { type Costs, paretoFront, recommend, type Weights } from './recommend.ts';
import { LEAD_MS_MIN, leadMs, simulateEpisode, tripIn } from './simulate.ts';
import { arrivalsOf } from './traffic.ts';
import { tripCurve } from './trip-curve.ts';

/** Simulated requests in all: about a minute on one core. */
export const REQUESTS_MAX = 10_000_000;
/** Calls of calm days for each different rule: six days at 20 requests/s. */
const CALM_CALLS = 10_000_000;
const TAIL_MARGIN_MS = 10_000;

export interface SweepOptions {
  policy: ServicePolicy;
  /** A curve of its own on the chart; null: none is known. */
  declared: ServicePolicy | null;
  /** Name of the curve of `policy`. */
  name: string;
  traffic: TrafficModel;
  outage: OutageModel;
  grid: Grid;
  runs: number;
  falseTripsMax: number;
  weights: Weights;
  seed: number;
  /** Calls of calm days for each different rule; fewer are quicker and bound false trips less tightly. */
  calmCalls?: number;
  onProgress?(done: number, total: number): void;
  signal?: AbortSignal;
}

export type Swept = Pick<SweepResult, 'points' | 'curves' | 'recommended' | 'threshold'>;

/** @throws UsageError where the grid does not fit the policy or there is too much to simulate */
export async function sweep(options: SweepOptions): Promise<Swept> {
  const { policy, traffic, outage, grid, runs, seed, signal } = options;
  const candidates = pointsOf(grid).map((values) => ({ values, policy: withValues(policy, values) }));
  checkSize(options, candidates.length);
  const calm = new Map<string, CalmDays>();
  const measured: { values: Values; metrics: SweepMetrics }[] = [];
  const costs: Costs[] = [];
  for (const [i, { values, policy: candidate }] of candidates.entries()) {
    options.onProgress?.(i, candidates.length);
    const episodes: EpisodeMetrics[] = [];
    for (let run = 0; run < runs; run++) {
      signal?.throwIfAborted();
      episodes.push(await oneRun(candidate, options, run));
    }
    const metrics = summed(episodes, calmFor(candidate), outage.perDay, candidate);
    measured.push({ values, metrics });
    costs.push({
      users: episodes.map(({ failed, degraded }) => failed + degraded),
      upstream: episodes.map(({ wasted }) => wasted),
      falseTripsPerDay: metrics.falseTripsPerDay.value,
    });
  }
  const front = paretoFront(costs);
  const points: SweepPoint[] = measured.map((point, i) => ({ ...point, onFront: front[i] ?? false }));
  const recommended = recommend(points, options.falseTripsMax, options.weights);
  const best = withValues(policy, recommended.values);
  const curves = await curvesFor(options, recommended.values);
  const rule = best.breaker?.rule;
  return { points, curves, recommended, threshold: rule !== undefined && 'rate' in rule ? rule.rate : null };

  /** Rules trip the same way however long they then stay open. */
  function calmFor(candidate: ServicePolicy): CalmDays {
    const key = JSON.stringify([
      candidate.breaker?.rule,
      candidate.breaker?.counts,
      candidate.retry?.attempts,
    ]);
    const known =
      calm.get(key) ?? calmDays(candidate, traffic, outage.errorRatio, options.calmCalls ?? CALM_CALLS, seed);
    calm.set(key, known);
    return known;
  }
}

/** Curves of what is declared, of what the sweep starts from, of what it recommends, and of what is far from that. */
async function curvesFor(
  { policy, declared, name, traffic, outage, grid, runs, seed, signal }: SweepOptions,
  recommended: Values,
): Promise<TripCurve[]> {
  const shape = (outage.episodes[0]?.shape ?? 'status-503') as Shape;
  const [, ...others] = pointsToVerify(pointsOf(grid), recommended);
  const named: [string, ServicePolicy | null][] = [
    ['declared', declared],
    [name, policy],
    [`recommended: ${valuesText(recommended)}`, withValues(policy, recommended)],
    ...others.map((values): [string, ServicePolicy] => [valuesText(values), withValues(policy, values)]),
  ];
  const curves: TripCurve[] = [];
  for (const [title, one] of named)
    if (one !== null)
      curves.push({ name: title, points: await tripCurve(one, traffic, shape, runs, seed, signal) });
  return curves;
}

/** The same outages and arrivals for every point of the grid: differences are those of the policies. */
async function oneRun(
  policy: ServicePolicy,
  { traffic, outage, seed }: SweepOptions,
  run: number,
): Promise<EpisodeMetrics> {
  const runSeed = seedFor(seed, `run ${run}`);
  const episode = drawEpisode(outage, seededRandom(seedFor(runSeed, 'outage')));
  const simulated = await simulateEpisode({
    policy,
    arrivals: arrivalsOf(traffic, seededRandom(seedFor(runSeed, 'arrivals'))),
    fromMs: leadMs(policy, traffic),
    episode,
    errorRatio: outage.errorRatio,
    serviceMs: traffic.serviceMs,
    tailMs: tailMs(policy, episode.durationMs),
    seed: runSeed,
  });
  const { requests, tries, span } = simulated;
  return episodeMetrics(requests, tries, span, tripIn(simulated));
}

/** Longest time that recovery can take: an open duration, grown as far as the outage let it, and probes. */
function tailMs({ breaker, headersMs, totalMs }: ServicePolicy, durationMs: Ms): Ms {
  if (breaker === null) return TAIL_MARGIN_MS;
  const grownMs =
    breaker.openGrowth > 1 ? Math.max(breaker.openMs, durationMs * breaker.openGrowth) : breaker.openMs;
  return Math.min(breaker.openMaxMs, grownMs) + (headersMs ?? 0) + (totalMs ?? 0) + TAIL_MARGIN_MS;
}

function summed(
  episodes: readonly EpisodeMetrics[],
  { tripsPerDay, tripsPerDayHigh, failedPerDay, rejectedPerDay }: CalmDays,
  perDay: number,
  { fallback }: ServicePolicy,
): SweepMetrics {
  const of = (name: keyof EpisodeMetrics): (number | null)[] => episodes.map((one) => one[name]);
  const daily = (name: 'failed' | 'degraded' | 'wasted'): number =>
    (perDay * episodes.reduce((sum, one) => sum + one[name], 0)) / episodes.length;
  const calmCalls = failedPerDay + rejectedPerDay;
  return {
    timeToTripMs: spreadOf(of('timeToTripMs')),
    trippedShare: episodes.filter(({ timeToTripMs }) => timeToTripMs !== null).length / episodes.length,
    falseTripsPerDay: { value: tripsPerDay, high: tripsPerDayHigh },
    failed: spreadOf(of('failed')),
    degraded: spreadOf(of('degraded')),
    wasted: spreadOf(of('wasted')),
    recoveryMs: spreadOf(of('recoveryMs')),
    failedPerDay: daily('failed') + (fallback === 'none' ? calmCalls : 0),
    degradedPerDay: daily('degraded') + (fallback === 'none' ? 0 : calmCalls),
    wastedPerDay: daily('wasted'),
  };
}

function checkSize({ traffic, outage, runs }: SweepOptions, points: number): void {
  const meanMs =
    outage.episodes.reduce((sum, { durationMs }) => sum + durationMs, 0) / outage.episodes.length;
  const requests = points * runs * (traffic.ratePerSecond / 1_000) * (meanMs + LEAD_MS_MIN);
  if (requests > REQUESTS_MAX)
    throw new UsageError(
      `${points} points × ${runs} runs of outages of ${(meanMs / 1000).toFixed(0)} s at ${traffic.ratePerSecond} requests/s are about ${Math.round(requests / 1e6)} million requests, and the most is ${REQUESTS_MAX / 1e6} million: fewer runs, fewer points, a lower --rate or a shorter outage`,
    );
}
