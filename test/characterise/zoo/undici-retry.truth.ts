import { FETCH, NO_BREAKER, type Truth } from './truth.ts';

const { 'timeout.connectMs': _hidden, ...limits } = FETCH;

/** Gaps of 40, 80, 160 ms and the cap of 200 ms, which also caps Retry-After. */
export const truth: Truth = {
  ...limits,
  'retry.attempts': 5,
  'retry.backoff': 'exponential',
  'retry.baseMs': 40,
  'retry.factor': 2,
  'retry.capMs': 200,
  'retry.jitter': 'none',
  'retry.retryAfter': false,
  ...NO_BREAKER,
};
