import { FETCH, NO_BREAKER, type Truth } from './truth.ts';

const { 'timeout.connectMs': _hidden, ...limits } = FETCH;

/** Gaps of 40, 40, 300, 40 and 40 ms: no single law. */
export const truth: Truth = {
  ...limits,
  'retry.attempts': 6,
  'retry.layers': '3 × 2',
  'retry.jitter': 'none',
  ...NO_BREAKER,
};
