import { cockatielBreaker, limited, type Truth } from './truth.ts';

/** On its window see cockatiel-sampling.truth.ts. */
export const truth: Truth = {
  ...limited(250, 3 * 250 + 2 * 50),
  'retry.attempts': 3,
  'retry.backoff': 'constant',
  'retry.baseMs': 50,
  'retry.jitter': 'none',
  'retry.retryAfter': false,
  ...cockatielBreaker(600),
};
export const unlessUnknown: Truth = {
  'breaker.kind': 'time-window',
  'breaker.windowMs': 4_000,
  'breaker.minimumCalls': 4,
  'breaker.failureRate': 0.4,
  'breaker.counts': 'calls',
};
