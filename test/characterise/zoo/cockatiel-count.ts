/** Cockatiel: breaker of a share of the last calls around a timeout. */
import { CountBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  circuitBreaker(handleAll, {
    halfOpenAfter: 500,
    breaker: new CountBreaker({ threshold: 0.5, size: 10, minimumNumberOfCalls: 6 }),
  }),
  timeout(250, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
