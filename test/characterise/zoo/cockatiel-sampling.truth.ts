import { cockatielBreaker, limited, NO_RETRY, type Truth } from './truth.ts';

/**
 * Its window is no plain window of time: at most one of its five buckets is dropped at each call, however long
 * nobody called, so failures outlive a pause of any length. Kind and length are left out for this reason: to
 * know nothing of them is right too.
 */
export const truth: Truth = {
  ...limited(300),
  ...NO_RETRY,
  ...cockatielBreaker(600),
};
/** Where the kind is told, it is this one. */
export const unlessUnknown: Truth = {
  'breaker.kind': 'time-window',
  'breaker.windowMs': 3_000,
  'breaker.minimumCalls': 6,
  'breaker.failureRate': 0.5,
};
