import { NO_BREAKER, NO_RETRY, type Truth } from './truth.ts';

/** A dial is given up by the kernel alone, after minutes. */
export const truth: Truth = {
  'timeout.connectMs': null,
  'timeout.headersMs': null,
  'timeout.callMs': null,
  'timeout.abortsForCaller': false,
  'bulkhead.concurrent': null,
  ...NO_RETRY,
  ...NO_BREAKER,
};
