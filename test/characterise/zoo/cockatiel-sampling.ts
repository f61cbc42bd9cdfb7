/** Cockatiel: breaker of a share of the calls of the last while around a timeout. */
import { circuitBreaker, handleAll, SamplingBreaker, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  circuitBreaker(handleAll, {
    halfOpenAfter: 600,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 3_000, minimumRps: 2 }),
  }),
  timeout(300, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
