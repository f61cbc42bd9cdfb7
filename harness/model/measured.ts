/**
 * What was measured of a service's policy on one link: a value with its interval, the number of
 * observations and the experiment behind it, or the reason why it cannot be told.
 */
import { z } from 'zod';

/** Version of the document; a reader refuses a newer one. */
export const MEASURED_VERSION = 1;

const Scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);

export const Finding = z.discriminatedUnion('known', [
  z.strictObject({
    known: z.literal(true),
    /** Null: there is none (no timeout, no cap), as far as `experiment` looked. */
    value: Scalar,
    /** For numbers: it lies between these. */
    low: z.number().optional(),
    high: z.number().nullable().optional().describe('null: nobody knows how high'),
    observations: z.int().min(1),
    experiment: z.string(),
  }),
  z.strictObject({ known: z.literal(false), why: z.string() }),
]);
export type Finding = z.infer<typeof Finding>;

/** What can be measured, with its unit and meaning: the rows of the table, in its order. */
export const QUANTITIES = {
  'timeout.connectMs': ['ms', 'longest wait for a connection'],
  'timeout.headersMs': ['ms', 'longest wait for the head of an answer, from the start of the attempt'],
  'timeout.idleMs': ['ms', 'longest silence inside an answer'],
  'timeout.totalMs': ['ms', 'longest attempt, however alive it is'],
  'timeout.callMs': ['ms', 'longest wait of the caller while the dependency hangs, all attempts together'],
  'timeout.abortsUpstream': ['', 'an attempt that is given up ends on the wire too'],
  'timeout.abortsForCaller': ['', 'an attempt ends when its caller hangs up'],
  'retry.attempts': ['', 'attempts of one call that fails each time'],
  'retry.backoff': ['', 'law of the gaps: none, constant, linear, exponential'],
  'retry.baseMs': ['ms', 'first gap, jitter taken out'],
  'retry.factor': ['', 'growth from gap to gap'],
  'retry.capMs': ['ms', 'longest gap'],
  'retry.jitter': ['', 'none, full (0..d), equal (d/2..d), plus-minus'],
  'retry.jitterShare': ['', 'for plus-minus: share of the gap either way'],
  'retry.retryAfter': ['', 'waits as long as Retry-After asks'],
  'retry.layers': ['', 'attempts by layer where spacing tells them apart, inner × outer'],
  'breaker.present': ['', 'attempts stop after failures, and stay away when the dependency is well again'],
  'breaker.kind': [
    '',
    'consecutive, leaky, count-window, time-window (shares), failures-in-calls, failures-in-time',
  ],
  'breaker.failures': ['', 'failures that trip it from clean'],
  'breaker.windowCalls': ['', 'calls it looks back on'],
  'breaker.windowMs': ['ms', 'time it looks back on'],
  'breaker.minimumCalls': ['', 'calls before it may trip'],
  'breaker.failureRate': ['', 'share of failures that trips it'],
  'breaker.counts': ['', 'calls (retry inside the breaker) or attempts (retry outside)'],
  'breaker.scope': ['', 'link, or request kind'],
  'breaker.openMs': ['ms', 'from the trip to the first probe'],
  'breaker.openGrowth': ['', 'factor by which a failed probe lengthens it'],
  'breaker.halfOpenProbes': ['', 'calls admitted at once when half-open'],
  'breaker.successesToClose': ['', 'good probes that close it'],
  'bulkhead.concurrent': ['', 'attempts at once'],
  'bulkhead.queue': ['', 'calls that wait for one'],
  'fallback.kind': ['', 'what is answered while the breaker is open'],
  'fallback.marked': ['', 'an answer that is a fallback says so'],
  'rejection.ms': ['ms', 'median time to answer while the breaker is open'],
  rateLimit: ['req/s', 'calls beyond this are not made'],
} as const satisfies Record<string, readonly [unit: string, meaning: string]>;
export type QuantityName = keyof typeof QUANTITIES;

const Names = Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]];

/** What one way to fail does. */
export const ShapeRow = z.strictObject({
  /** Null: this shape cannot be had here; `why` says why. */
  retried: z.boolean().nullable(),
  attempts: z.int().nullable(),
  counts: z.boolean().nullable(),
  /** What the caller got of a single call that failed so. */
  caller: z.enum(['fallback', 'error', 'ok', 'nothing']).nullable(),
  status: z.int().nullable(),
  why: z.string().optional(),
});
export type ShapeRow = z.infer<typeof ShapeRow>;

export const MeasuredPolicy = z.strictObject({
  tripcurve: z.literal('policy'),
  version: z.literal(MEASURED_VERSION),
  target: z.string(),
  link: z.string(),
  request: z.string(),
  environment: z.string(),
  measuredAt: z.iso.datetime(),
  tookMs: z.number(),
  requests: z.int(),
  /** Targets that measured side by side; left out: one. */
  replicas: z.int().min(2).optional(),
  /** True: everything planned was done. */
  complete: z.boolean(),
  /** The rig's own error in ms, measured with a client of known schedule on the same link; nothing finer is claimed. */
  calibration: z
    .strictObject({ offsetMs: z.number(), spreadMs: z.number(), observations: z.int() })
    .nullable(),
  findings: z.partialRecord(z.enum(Names), Finding),
  matrix: z.record(z.string(), ShapeRow),
  experiments: z.array(
    z.strictObject({ name: z.string(), atMs: z.number(), tookMs: z.number(), says: z.string() }),
  ),
});
export type MeasuredPolicy = z.infer<typeof MeasuredPolicy>;
