/**
 * The bounds within which `tripcurve explore` draws, and what must hold of every schedule that is drawn: the
 * `explore` part of a config.
 */
import { z } from 'zod';
import { Expectation } from './scenario.ts';

const Weight = z.number().min(0);

/** Smallest and largest. */
const range = (value: z.ZodNumber) =>
  z
    .tuple([value, value])
    .refine(([least, most]) => least <= most, { error: 'the first is above the second' });

const RatePerSecond = z.number().min(1).max(1_000);

export const ExploreBounds = z.strictObject({
  /** Arrivals per second; drawn evenly in the logarithm. */
  ratePerSecond: range(RatePerSecond).default([20, 60]),
  /**
   * Requests that may be sent, with the weight of each; a schedule draws some of them. Left out: all of the config,
   * evenly.
   */
  mix: z.record(z.string(), Weight).optional(),
  /** Kinds of faults by link, in place of all that fit its protocol; `[]` leaves a link alone. */
  faults: z.record(z.string(), z.array(z.string())).default({}),
  /** Faults of one schedule, at most. */
  faultsMax: z.int().min(1).max(20).default(4),
  /** Time before the first fault, in ms. */
  leadMs: z.number().min(500).max(60_000).default(1_500),
  /** All faults lie within this many ms. */
  windowMs: z.number().min(200).max(600_000).default(3_000),
  /** What the target gets to be as before; left out: the longest declared open duration + 25 %, timeout and 2 s. */
  recoveryMs: z.number().positive().max(600_000).optional(),
  /** What must be true before the faults, and again at the end. */
  steadyState: z
    .array(Expectation)
    .min(1)
    .default([{ check: 'success-ratio', atLeast: 0.95 }]),
  /** What holds of any schedule. Left out: see `invariantsOf`. */
  invariants: z
    .strictObject({
      /** Asked once of each schedule. */
      always: z.array(Expectation).default([]),
      /** Asked of each link that is faulted, with its name put in; `link` restricts one to that link. */
      faulted: z.array(Expectation).default([]),
    })
    .optional(),
});
export type ExploreBounds = z.infer<typeof ExploreBounds>;
