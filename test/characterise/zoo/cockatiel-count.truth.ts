import { cockatielBreaker, limited, NO_RETRY, type Truth } from './truth.ts';

export const truth: Truth = {
  ...limited(250),
  ...NO_RETRY,
  ...cockatielBreaker(500),
  'breaker.kind': 'count-window',
  'breaker.windowCalls': 10,
  'breaker.minimumCalls': 6,
  'breaker.failureRate': 0.5,
};
