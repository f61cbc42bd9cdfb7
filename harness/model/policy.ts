/**
 * The resilience policy of one link: what a target declares it does, or what was measured.
 * One schema for both, so that they can be laid side by side.
 */
import { z } from 'zod';

const Milliseconds = z.number().min(0);

/** Waiting between tries. */
export const Backoff = z.object({
  kind: z.enum(['none', 'constant', 'linear', 'exponential']),
  baseMs: Milliseconds,
  factor: z.number().min(1).optional(),
  capMs: Milliseconds.optional(),
  jitter: z.enum(['none', 'full', 'equal', 'added', 'decorrelated']).optional(),
});

/** Trying again after a failure. */
export const RetryPolicy = z.object({
  /** Tries in total, the first included. */
  attempts: z.int().min(1),
  backoff: Backoff,
  /** Total time for all tries, in ms. */
  deadlineMs: Milliseconds.optional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** When a breaker trips, how long it stays open, and what closes it. */
export const BreakerPolicy = z.object({
  /** `consecutive`: failures in a row; `count-window`: failures among the last `windowCalls` calls. */
  kind: z.enum(['consecutive', 'count-window']),
  /** Failures that trip it. */
  failures: z.int().min(1),
  windowCalls: z.int().min(1).optional(),
  /** Open duration before the first probe, in ms. */
  openMs: z.number().positive(),
  /** Calls admitted at once while half-open. */
  halfOpenProbes: z.int().min(1),
  /** Successful probes that close it. */
  successesToClose: z.int().min(1),
});
export type BreakerPolicy = z.infer<typeof BreakerPolicy>;

/** What is served when the dependency cannot be asked. */
export const FallbackPolicy = z.object({
  kind: z.string(),
  maxAgeMs: Milliseconds.optional(),
  capacity: z.int().optional(),
});

/** Policy of one link; `null` says that the target declares to have none. */
export const Policy = z.object({
  /** Limit of one attempt, in ms. */
  timeoutMs: z.number().positive().nullable(),
  retry: RetryPolicy.nullable(),
  breaker: BreakerPolicy.nullable(),
  bulkhead: z.object({ concurrent: z.int(), queue: z.int() }).nullable(),
  fallback: FallbackPolicy.nullable(),
});
export type Policy = z.infer<typeof Policy>;

/** The same as a config tells it: what is left out, the target does not have. */
export const DeclaredPolicy = z.strictObject({
  timeoutMs: Policy.shape.timeoutMs.default(null),
  retry: Policy.shape.retry.default(null),
  breaker: Policy.shape.breaker.default(null),
  bulkhead: Policy.shape.bulkhead.default(null),
  fallback: Policy.shape.fallback.default(null),
});

/** State of a breaker, as a target tells it or as the wire shows it. */
export const BreakerState = z.enum(['closed', 'open', 'half-open']);
export type BreakerState = z.infer<typeof BreakerState>;

/** The document a target may serve about itself: declared policy and present state per link. */
export const ResilienceDocument = z.object({
  links: z.record(
    z.string(),
    z.object({ breaker: z.string().optional(), state: BreakerState, policy: Policy }),
  ),
});
export type ResilienceDocument = z.infer<typeof ResilienceDocument>;
