import { cockatielBreaker, limited, type Truth } from './truth.ts';

const ATTEMPTS = 3;
const GAP_MS = 60;

export const truth: Truth = {
  ...limited(250, ATTEMPTS * 250 + (ATTEMPTS - 1) * GAP_MS),
  'retry.attempts': ATTEMPTS,
  'retry.backoff': 'constant',
  'retry.baseMs': GAP_MS,
  'retry.jitter': 'none',
  'retry.retryAfter': false,
  ...cockatielBreaker(800),
  'breaker.kind': 'consecutive',
  'breaker.failures': 3,
  'breaker.counts': 'calls',
};
