/** When requests arrive in a simulation, and which of them are the same. */
import type { TrafficModel } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';

export interface Arrival {
  atMs: Ms;
  /** The same for the same request. */
  key: string;
}

/** Time to the next arrival, drawn anew at each call. */
export function gapsOf(
  { ratePerSecond, arrivals }: Pick<TrafficModel, 'ratePerSecond' | 'arrivals'>,
  random: () => number,
): () => Ms {
  const gapMs = 1_000 / ratePerSecond;
  // 1 − u keeps the logarithm finite.
  return arrivals === 'constant' ? () => gapMs : () => -gapMs * Math.log(1 - random());
}

/** Arrivals without an end, from 0. Constant ones begin anywhere in the first gap: outages know no beat. */
export function* arrivalsOf(traffic: TrafficModel, random: () => number): Generator<Arrival, never> {
  const gap = gapsOf(traffic, random);
  const { keys } = traffic;
  let atMs = traffic.arrivals === 'constant' ? gap() * random() : gap();
  for (let count = 1; ; count++) {
    yield { atMs, key: `key ${keys === null ? count : Math.floor(random() * keys)}` };
    atMs += gap();
  }
}
