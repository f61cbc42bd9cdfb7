/** Cockatiel: retries inside a breaker of a share of the calls of the last while. */
import {
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

const policy = wrap(
  circuitBreaker(handleAll, {
    halfOpenAfter: 600,
    breaker: new SamplingBreaker({ threshold: 0.4, duration: 4_000, minimumRps: 1 }),
  }),
  retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(50) }),
  timeout(250, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
