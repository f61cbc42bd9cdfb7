/**
 * What each experiment of a measurement saw: calls at the entry, attempts on the link, what was armed there. It is
 * kept beside a measured policy, as the evidence for its values, and is bounded: of a long chapter the middle is
 * left out.
 */
import { z } from 'zod';
import { EndedBy } from './history.ts';
import { QUANTITIES, type QuantityName } from './measured.ts';

/** Version of the document; a reader refuses a newer one. */
export const WIRE_VERSION = 1;

/** A call at the entry. All times are ms of one clock, which began with the environment. */
const WireCall = z.strictObject({
  startMs: z.number(),
  endMs: z.number(),
  ok: z.boolean(),
  /** Null: no answer came. */
  status: z.int().nullable(),
  servedBy: z.string().nullable(),
});
export type WireCall = z.infer<typeof WireCall>;

const WireAttempt = z.strictObject({
  startMs: z.number(),
  endMs: z.number(),
  firstByteMs: z.number().nullable(),
  status: z.int().nullable(),
  ok: z.boolean(),
  endedBy: EndedBy,
  /** The same for attempts of one call, within a chapter. */
  call: z.int(),
});
export type WireAttempt = z.infer<typeof WireAttempt>;

/** A condition that was armed on the link. */
const WireFault = z.strictObject({
  condition: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  /** So many attempts at most; null: all of them. */
  times: z.int().nullable(),
});
export type WireFault = z.infer<typeof WireFault>;

/** One experiment on one replica, or one part of it. */
export const WireChapter = z.strictObject({
  experiment: z.string(),
  /** Of the failure matrix: which way to fail. */
  part: z.string().nullable(),
  /** From 1. */
  replica: z.int().min(1),
  fromMs: z.number(),
  toMs: z.number(),
  calls: z.array(WireCall),
  attempts: z.array(WireAttempt),
  faults: z.array(WireFault),
  /** What began between these two times is not kept. Null: all is. */
  leftOut: z
    .strictObject({ fromMs: z.number(), toMs: z.number(), calls: z.int(), attempts: z.int() })
    .nullable(),
});
export type WireChapter = z.infer<typeof WireChapter>;

const Names = Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]];

export const WireRecord = z.strictObject({
  tripcurve: z.literal('wire'),
  version: z.literal(WIRE_VERSION),
  link: z.string(),
  /** When the measurement began: the same as in the policy it belongs to. */
  measuredAt: z.iso.datetime(),
  chapters: z.array(WireChapter),
  /** The experiments that each value came from, in their order. */
  behind: z.partialRecord(z.enum(Names), z.array(z.string())),
});
export type WireRecord = z.infer<typeof WireRecord>;

/** How much of one chapter is kept at its beginning, and as much at its end. */
export const KEPT_CALLS = 120;
export const KEPT_ATTEMPTS = 240;
