/** Cockatiel: retries around the breaker, which therefore counts attempts. */
import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  noJitterGenerator,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  retry(handleAll, {
    maxAttempts: 3,
    backoff: new ExponentialBackoff({ generator: noJitterGenerator, initialDelay: 40, exponent: 2 }),
  }),
  circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(6) }),
  timeout(250, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
