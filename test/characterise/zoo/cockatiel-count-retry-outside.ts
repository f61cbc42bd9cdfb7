/** Cockatiel: retries around a breaker of a share of the last attempts. */
import {
  ConstantBackoff,
  CountBreaker,
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
  retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(50) }),
  circuitBreaker(handleAll, {
    halfOpenAfter: 700,
    breaker: new CountBreaker({ threshold: 0.6, size: 12, minimumNumberOfCalls: 8 }),
  }),
  timeout(250, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => askUpstream(key, signal)));
