import { cockatielBreaker, limited, type Truth } from './truth.ts';

/** One gap does not tell a law, so there is no truth about it here. */
export const truth: Truth = {
  ...limited(250, 2 * 250 + 50),
  'retry.attempts': 2,
  'retry.baseMs': 50,
  'retry.jitter': 'none',
  'retry.retryAfter': false,
  ...cockatielBreaker(700),
  'breaker.kind': 'count-window',
  'breaker.windowCalls': 12,
  'breaker.minimumCalls': 8,
  'breaker.failureRate': 0.6,
  'breaker.counts': 'attempts',
};
