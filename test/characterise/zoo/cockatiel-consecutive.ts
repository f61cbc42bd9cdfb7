/** Cockatiel: breaker of consecutive failures around a timeout. */
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  circuitBreaker(handleAll, { halfOpenAfter: 600, breaker: new ConsecutiveBreaker(4) }),
  timeout(300, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
