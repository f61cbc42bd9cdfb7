import { cockatielBreaker, limited, type Truth } from './truth.ts';

/** Gaps of 40, 80 and 160 ms between four attempts. */
export const truth: Truth = {
  ...limited(250, 4 * 250 + 40 + 80 + 160),
  'retry.attempts': 4,
  'retry.backoff': 'exponential',
  'retry.baseMs': 40,
  'retry.factor': 2,
  'retry.jitter': 'none',
  'retry.retryAfter': false,
  ...cockatielBreaker(1_000),
  'breaker.kind': 'consecutive',
  'breaker.failures': 6,
  'breaker.counts': 'attempts',
};
