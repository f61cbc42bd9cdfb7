import { NO_BREAKER, type Truth } from './truth.ts';

/**
 * It waits for 75 to 100 % of 500 ms, then of 1 s: evenly around 437.5 ms by a seventh. Its timeout is of the
 * head alone; a body may take for ever. Two gaps, one twice the other, are linear as well as exponential.
 */
export const truth: Truth = {
  'timeout.headersMs': 300,
  'timeout.idleMs': 300_000,
  'timeout.totalMs': null,
  'timeout.abortsUpstream': true,
  'timeout.abortsForCaller': false,
  'bulkhead.concurrent': null,
  'retry.attempts': 3,
  'retry.baseMs': 437.5,
  'retry.jitter': 'plus-minus',
  'retry.jitterShare': 1 / 7,
  'retry.retryAfter': true,
  ...NO_BREAKER,
};
