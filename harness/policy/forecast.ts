/** What a measurement will take, said beforehand: bounds on requests, and the time it is given. */
import { CLEARING_CALLS } from './experiments/kind.ts';
import { RATE_CALLS_MAX, RATE_LOOKS_MAX } from './experiments/rate.ts';
import { SAMPLING_CALLS_MAX } from './experiments/retries.ts';
import { FORGOTTEN_CALLS } from './experiments/trip.ts';
import type { LabLimits } from './lab.ts';
import { EXPERIMENTS } from './plan.ts';

/** Calls that look whether it has closed again, for an open duration of up to 4 s. */
const LOOKS = 30;
/** Good calls after which it is taken as closed. */
const GOOD = 7;
/** Bursts of half-open, and calls in each. */
const HALF_OPEN = { tries: 3, bursts: 10, size: 8, ones: 8 };
/** Sequences of calls that tell kinds apart, and the calls of the longest. */
const SEQUENCES = { most: 30, calls: 64 };
/** Light calls while it is open, three times, where it stays open for a minute. */
const LIGHT_CALLS = 700;
const ROWS = 15;
/** Ways to fail that are tried where the first takes too long to trip it. */
const OTHER_SHAPES = 3;
/** The time that two replicas take, of one: the breaker's story is told on one of them. */
const SHARE_OF_TIME: Readonly<Record<number, number>> = { 1: 1, 2: 0.65 };
const SHARE_OF_TIME_LEAST = 0.55;

export interface Forecast {
  /** Requests at most. */
  first: number;
  /** Of each further replica. */
  further: number;
  total: number;
  /** Expected time, of what one replica takes. */
  timeShare: number;
}

/** @param kinds kinds of request that use the link */
export function forecast(
  { callsMax, burstMax, retrySamples }: LabLimits,
  kinds: number,
  replicas: number,
): Forecast {
  const restore = GOOD + LOOKS;
  const trip = 2 * callsMax + restore;
  const story =
    5 * kinds +
    4 * (callsMax + burstMax + 1 + restore) +
    FORGOTTEN_CALLS +
    OTHER_SHAPES * (1 + trip) +
    LIGHT_CALLS +
    HALF_OPEN.tries * (trip + HALF_OPEN.bursts * HALF_OPEN.size) +
    HALF_OPEN.ones * (trip + 2 * HALF_OPEN.size) +
    SAMPLING_CALLS_MAX +
    retrySamples +
    2 * CLEARING_CALLS +
    3 * ROWS * (2 + restore) +
    SEQUENCES.most * (SEQUENCES.calls + restore);
  const shared =
    10 * (1 + restore) +
    burstMax +
    restore +
    ROWS * (2 * (callsMax + 3) + restore) +
    10 * (burstMax + restore) +
    RATE_CALLS_MAX +
    RATE_LOOKS_MAX +
    trip +
    kinds +
    2 +
    1 +
    restore;
  const warm = replicas > 1 ? 5 : 0;
  return {
    first: story + shared,
    further: shared + warm,
    // What is shared is done once, by whomever.
    total: story + shared + warm * (replicas - 1),
    timeShare: SHARE_OF_TIME[replicas] ?? SHARE_OF_TIME_LEAST,
  };
}

/** The plan as text. */
export function forecastLines(limits: LabLimits, kinds: number, replicas: number): string[] {
  const { first, further, total, timeShare } = forecast(limits, kinds, replicas);
  const number = (count: number): string => count.toLocaleString('en');
  const { burstMax, callsMax, patienceMs } = limits;
  return [
    `experiments: ${EXPERIMENTS.join(', ')}`,
    ...(replicas === 1
      ? [`requests: at most ${number(total)}, for an open duration of up to 4 s; some 300 to 800 are usual`]
      : [
          `replicas: ${replicas}, each with a target, dependencies and links of its own; the first tells the story of the breaker (trip, open time, half-open, retries, kind), and whoever is free does the rest`,
          `requests: at most ${number(first)} on the first replica, ${number(further)} on each other and ${number(total)} in all, for an open duration of up to 4 s; some 300 to 800 in all are usual`,
        ]),
    `  one after the other on a replica, but for bursts of at most ${burstMax}; at most ${callsMax} failed calls in a row for each of four shapes until one trips a breaker,`,
    '  then about 40 trips of as many calls as the first took, and light calls while it is open (a step of 1.2 % of the time that has passed)',
    `time: at most 25 × (open duration + timeout) + 20 s; without a breaker about a minute; a hang is waited for ${patienceMs} ms`,
    ...(replicas === 1
      ? []
      : [
          `  with ${replicas} replicas about ${timeShare} of what one takes, and the time to bring them up: some ${Math.round(35 * timeShare)} s in place of 35 s where it opens for a second`,
        ]),
    'nothing but the entry of the target and the chosen link is touched; every fault is lifted at the end, at Ctrl-C and when this process dies',
  ];
}
