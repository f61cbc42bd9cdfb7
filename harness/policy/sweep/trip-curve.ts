/** The trip curve of a policy: how long it takes to trip, by the share of attempts that fail. */
import { seededRandom, seedFor } from '../../model/random.ts';
import type { TrafficModel, TripCurve } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';
import type { Shape } from '../bench.ts';
import type { ServicePolicy } from '../simulation/service.ts';
import { spreadOf } from './metrics.ts';
import { leadMs, simulateEpisode, tripIn } from './simulate.ts';
import { arrivalsOf } from './traffic.ts';

/** Equal steps on the logarithmic axis, from a tenth to all. */
const STEPS = 14;
export const RATIOS: readonly number[] = Array.from({ length: STEPS + 1 }, (_, i) => 10 ** (i / STEPS - 1));
/** A share that has not tripped it by then is taken as one that it lives with. */
export const HORIZON_MS: Ms = 100_000;

export async function tripCurve(
  policy: ServicePolicy,
  traffic: TrafficModel,
  shape: Shape,
  runs: number,
  seed: number,
  signal?: AbortSignal,
): Promise<TripCurve['points']> {
  const points: TripCurve['points'] = [];
  for (const failureRatio of RATIOS) {
    const times: (Ms | null)[] = [];
    for (let run = 0; run < runs; run++) {
      signal?.throwIfAborted();
      const runSeed = seedFor(seed, `curve ${run}`);
      const simulated = await simulateEpisode({
        policy,
        arrivals: arrivalsOf(traffic, seededRandom(seedFor(runSeed, 'arrivals'))),
        fromMs: leadMs(policy, traffic),
        episode: { durationMs: HORIZON_MS, failureRatio, shape },
        errorRatio: 0,
        serviceMs: traffic.serviceMs,
        tailMs: 0,
        untilTrip: true,
        seed: runSeed,
      });
      const tripMs = tripIn(simulated);
      times.push(tripMs === null ? null : tripMs - simulated.span.fromMs);
    }
    points.push({
      failureRatio,
      timeToTripMs: spreadOf(times),
      trippedShare: times.filter((ms) => ms !== null).length / times.length,
    });
  }
  return points;
}
