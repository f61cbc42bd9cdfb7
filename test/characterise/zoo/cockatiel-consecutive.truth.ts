import { cockatielBreaker, limited, NO_RETRY, type Truth } from './truth.ts';

export const truth: Truth = {
  ...limited(300),
  ...NO_RETRY,
  ...cockatielBreaker(600),
  'breaker.kind': 'consecutive',
  'breaker.failures': 4,
};
