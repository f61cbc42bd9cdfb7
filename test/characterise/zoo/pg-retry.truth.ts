import { cockatielBreaker, type Truth } from './truth.ts';

/** Gaps of 80 ms between three attempts. The dial hides behind the retries. */
export const truth: Truth = {
  'timeout.headersMs': 250,
  'timeout.callMs': 3 * 250 + 2 * 80,
  'timeout.abortsUpstream': true,
  'timeout.abortsForCaller': false,
  'bulkhead.concurrent': null,
  'retry.attempts': 3,
  'retry.backoff': 'constant',
  'retry.baseMs': 80,
  'retry.jitter': 'none',
  ...cockatielBreaker(1_000),
  'breaker.kind': 'consecutive',
  'breaker.failures': 7,
  'breaker.counts': 'attempts',
};
