/** What a right measurement of a service says; left out: it may say what it likes. */
import type { QuantityName } from '../../../harness/model/measured.ts';

export type Truth = Partial<Record<QuantityName, number | string | boolean | null>>;

/** Node's fetch waits 300 s for a head and for more of a body, and 10 s for a connection: none within patience. */
export const FETCH = {
  'timeout.connectMs': 10_000,
  'timeout.headersMs': 300_000,
  'timeout.idleMs': 300_000,
  'timeout.totalMs': null,
  'timeout.callMs': 300_000,
  'timeout.abortsForCaller': false,
  'bulkhead.concurrent': null,
} as const satisfies Truth;

/** Without what hides behind a limit of the whole attempt, or behind retries: silence inside a body, the dial. */
const { 'timeout.idleMs': _idle, 'timeout.connectMs': _connect, ...seen } = FETCH;
export const FETCH_BEHIND_A_LIMIT: Truth = seen;

/** One limit for the whole attempt, which ends it on the wire too; `callMs`: all attempts together. */
export function limited(ms: number, callMs = ms): Truth {
  return {
    ...FETCH_BEHIND_A_LIMIT,
    ...(callMs === ms ? { 'timeout.connectMs': ms } : {}),
    'timeout.headersMs': ms,
    'timeout.totalMs': ms,
    'timeout.callMs': callMs,
    'timeout.abortsUpstream': true,
  };
}

export const NO_RETRY = { 'retry.attempts': 1, 'retry.backoff': 'none' } as const satisfies Truth;
export const NO_BREAKER = { 'breaker.present': false } as const satisfies Truth;

/** What all breakers of cockatiel have in common as they are used here: one probe, and its success closes. */
export function cockatielBreaker(openMs: number): Truth {
  return {
    'breaker.present': true,
    'breaker.openMs': openMs,
    'breaker.openGrowth': 1,
    'breaker.halfOpenProbes': 1,
    'breaker.successesToClose': 1,
    'fallback.kind': 'none',
  };
}
