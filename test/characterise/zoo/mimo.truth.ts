import type { Truth } from './truth.ts';

/** Link llm in profile fast; see services/mimo/policy.ts. Failures are counted among the last calls, not their share. */
export const truth: Truth = {
  'timeout.connectMs': 400,
  'timeout.headersMs': 400,
  'timeout.totalMs': 400,
  'timeout.abortsUpstream': true,
  'timeout.abortsForCaller': false,
  'retry.attempts': 1,
  'retry.backoff': 'none',
  'breaker.present': true,
  'breaker.kind': 'failures-in-calls',
  'breaker.failures': 5,
  'breaker.windowCalls': 10,
  'breaker.openMs': 1_000,
  'breaker.openGrowth': 1,
  'breaker.halfOpenProbes': 3,
  'breaker.successesToClose': 3,
};
