import { cockatielBreaker, NO_RETRY, type Truth } from './truth.ts';

/** `totalMs` and `idleMs` cannot be told: no answer of PostgreSQL is made to begin and not to end. */
export const truth: Truth = {
  'timeout.connectMs': 300,
  'timeout.headersMs': 300,
  'timeout.callMs': 300,
  'timeout.abortsUpstream': true,
  'timeout.abortsForCaller': false,
  'bulkhead.concurrent': null,
  ...NO_RETRY,
  ...cockatielBreaker(600),
  'breaker.kind': 'consecutive',
  'breaker.failures': 4,
};
