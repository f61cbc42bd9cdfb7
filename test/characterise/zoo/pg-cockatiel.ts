/** PostgreSQL behind cockatiel: breaker of consecutive failures around a timeout, around one statement. */
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { serve } from './entry.ts';
import { workWith } from './pg-work.ts';

const work = workWith({});
const policy = wrap(
  circuitBreaker(handleAll, { halfOpenAfter: 600, breaker: new ConsecutiveBreaker(4) }),
  timeout(300, TimeoutStrategy.Aggressive),
);

serve((key) => policy.execute(({ signal }) => work.insert(key, signal)));
