/** Cockatiel: retries inside the breaker, which therefore counts calls. */
import {
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  circuitBreaker(handleAll, { halfOpenAfter: 800, breaker: new ConsecutiveBreaker(3) }),
  retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(60) }),
  timeout(250, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
