import type { Truth } from './truth.ts';

/** Link database in profile fast, by a request that reads; see services/mimo/policy.ts. Writes alone are tried again. */
export const truth: Truth = {
  'timeout.connectMs': 250,
  'timeout.headersMs': 250,
  'timeout.abortsUpstream': true,
  'timeout.abortsForCaller': false,
  'retry.attempts': 1,
  'retry.backoff': 'none',
  'breaker.present': true,
  'breaker.kind': 'failures-in-calls',
  'breaker.failures': 3,
  'breaker.windowCalls': 6,
  'breaker.openMs': 600,
  'breaker.openGrowth': 1,
  'breaker.halfOpenProbes': 2,
  'breaker.successesToClose': 2,
  'bulkhead.concurrent': 10,
  'fallback.kind': 'memory',
};
