import { FETCH_BEHIND_A_LIMIT, NO_RETRY, type Truth } from './truth.ts';

/** The share is of all calls, rejected ones included, and the window is not cleared when it closes. */
export const truth: Truth = {
  ...FETCH_BEHIND_A_LIMIT,
  'timeout.callMs': 300,
  'timeout.abortsUpstream': false,
  ...NO_RETRY,
  'breaker.present': true,
  'breaker.openMs': 600,
  'breaker.openGrowth': 1,
  'breaker.halfOpenProbes': 1,
  'breaker.successesToClose': 1,
  'fallback.kind': 'none',
  'breaker.kind': 'time-window',
  'breaker.windowMs': 3_000,
  'breaker.minimumCalls': 5,
  'breaker.failureRate': 0.5,
};
