/** PostgreSQL with the driver's own limits, and cockatiel's retries around its breaker, around a transaction. */
import { ConsecutiveBreaker, ConstantBackoff, circuitBreaker, handleAll, retry, wrap } from 'cockatiel';
import { serve } from './entry.ts';
import { workWith } from './pg-work.ts';

const work = workWith({ connectionTimeoutMillis: 250, query_timeout: 250 });
const policy = wrap(
  retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(80) }),
  circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(7) }),
);

serve((key) => policy.execute(() => work.transact(key)));
