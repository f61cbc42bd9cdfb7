/**
 * A sweep as data: the traffic, the outages, the policies that were tried and what each of them did. One
 * schema for the file, the report and the code.
 */
import { z } from 'zod';

/** Version of the document. */
export const SWEEP_VERSION = 1;

const Ms = z.number().min(0);

export const TrafficModel = z.strictObject({
  ratePerSecond: z.number().positive(),
  arrivals: z.enum(['poisson', 'constant']),
  /** How many different requests there are, for fallbacks that know what was asked before; null: no two are the same. */
  keys: z.int().min(1).nullable(),
  /** Time that the dependency takes for an answer. */
  serviceMs: Ms,
});
export type TrafficModel = z.infer<typeof TrafficModel>;

/** One outage: how long, what share of attempts fails in it (1: whole), and in which way. */
export const Episode = z.strictObject({
  durationMs: z.number().positive(),
  failureRatio: z.number().positive().max(1),
  shape: z.string(),
});
export type Episode = z.infer<typeof Episode>;

/** How often the dependency fails, how long, how much of it; and what fails while all is well. */
export const OutageModel = z.strictObject({
  name: z.string(),
  about: z.string(),
  perDay: z.number().min(0),
  /** Each outage is one of these, drawn anew. */
  episodes: z.array(Episode).min(1),
  /** Durations are drawn around that of the episode: sigma of the logarithm; 0: exactly it. */
  spread: z.number().min(0),
  /** Share of attempts that fail while there is no outage. */
  errorRatio: z.number().min(0).max(1),
});
export type OutageModel = z.infer<typeof OutageModel>;

/** Over the runs: median, and the band in which eight of ten lie. Null: in the middle run it did not come about. */
export const Spread = z.strictObject({
  median: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type Spread = z.infer<typeof Spread>;

export const SweepMetrics = z.strictObject({
  /** From the begin of the outage. */
  timeToTripMs: Spread,
  /** Share of outages in which it tripped. */
  trippedShare: z.number(),
  /** Trips while there is no outage; `high`: at most so many, with 95 % confidence. */
  falseTripsPerDay: z.strictObject({ value: z.number(), high: z.number() }),
  /** Requests of users in one outage, up to the recovery. */
  failed: Spread,
  degraded: Spread,
  /** Attempts that met the outage. */
  wasted: Spread,
  /** From the heal to the first request begun after it that is answered live. */
  recoveryMs: Spread,
  failedPerDay: z.number(),
  degradedPerDay: z.number(),
  wastedPerDay: z.number(),
});
export type SweepMetrics = z.infer<typeof SweepMetrics>;

export const SweepPoint = z.strictObject({
  /** The value of each parameter of the grid. */
  values: z.record(z.string(), z.number()),
  metrics: SweepMetrics,
  /** No other point is at least as good in everything and better in something. */
  onFront: z.boolean(),
});
export type SweepPoint = z.infer<typeof SweepPoint>;

/** Time to trip against the share of attempts that fail. */
export const TripCurve = z.strictObject({
  name: z.string(),
  points: z.array(
    z.strictObject({ failureRatio: z.number(), timeToTripMs: Spread, trippedShare: z.number() }),
  ),
});
export type TripCurve = z.infer<typeof TripCurve>;

/** What can be compared between simulation and wire. */
export const COMPARED = {
  timeToTripMs: ['ms', 'time to trip'],
  failed: ['', 'failed requests'],
  attempts: ['', 'attempts upstream'],
  recoveryMs: ['ms', 'recovery time'],
} as const;
export type Compared = keyof typeof COMPARED;
const ComparedNames = Object.keys(COMPARED) as [Compared, ...Compared[]];

export const Verification = z.strictObject({
  values: z.record(z.string(), z.number()),
  isRecommended: z.boolean(),
  /** Outages that were run for real, and simulated with the same requests at the same times. */
  episodes: z.array(
    z.strictObject({
      durationMs: Ms,
      simulated: z.record(z.enum(ComparedNames), z.number().nullable()),
      measured: z.record(z.enum(ComparedNames), z.number().nullable()),
    }),
  ),
  /** Means over the outages; `relativeError` null: one of them never came about. */
  compared: z.record(
    z.enum(ComparedNames),
    z.strictObject({
      simulated: z.number().nullable(),
      measured: z.number().nullable(),
      relativeError: z.number().nullable(),
    }),
  ),
  failureRatio: z.number(),
  /** Time of an answer on the link while all was well, which the simulation was given. */
  serviceMs: Ms,
});
export type Verification = z.infer<typeof Verification>;

export const SweepResult = z.strictObject({
  tripcurve: z.literal('sweep'),
  version: z.literal(SWEEP_VERSION),
  run: z.string(),
  seed: z.int(),
  startedAt: z.iso.datetime(),
  /** Where the policy comes from, in words. */
  policy: z.string(),
  /** What was not known of it, and what was taken instead. */
  assumed: z.array(z.string()),
  traffic: TrafficModel,
  outage: OutageModel,
  runs: z.int(),
  points: z.array(SweepPoint),
  curves: z.array(TripCurve),
  /** Failure ratio at which a breaker of a rate trips; null: it is not of a rate. */
  threshold: z.number().nullable(),
  recommended: z.strictObject({ values: z.record(z.string(), z.number()), why: z.string() }),
  verification: z
    .strictObject({ points: z.array(Verification), medianRelativeError: z.number().nullable() })
    .nullable(),
});
export type SweepResult = z.infer<typeof SweepResult>;

/** `failures=5 openMs=1000` */
export function valuesText(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
