/**
 * A service with a policy drawn from ZOO_SEED, over real sockets. Written anew rather than shared with the
 * simulation, so that a mistake in one of them shows.
 */
import { drawPolicy } from '../policies.ts';
import { DrawnBreaker, Gate, Rejected, retryDelayMs } from './drawn-policy.ts';
import { serve } from './entry.ts';
import { exchange, type Failure } from './exchange.ts';

const policy = drawPolicy(Number(process.env.ZOO_SEED));
const breaker = policy.breaker === null ? null : new DrawnBreaker(policy.breaker);
const gate = policy.bulkhead === null ? null : new Gate(policy.bulkhead);
const cache = new Set<string>();

async function attempt(key: string): Promise<Failure | null> {
  if (gate === null) return exchange(key, policy);
  await gate.enter();
  try {
    return await exchange(key, policy);
  } finally {
    gate.leave();
  }
}

/** @throws Rejected where the breaker or the bulkhead says no; null: it went well */
async function series(key: string, guard: DrawnBreaker | null): Promise<Failure | null> {
  for (let tried = 1; ; tried++) {
    const failure = guard === null ? await attempt(key) : await guard.execute(() => attempt(key));
    const { retry } = policy;
    if (failure === null || retry === null || tried >= retry.attempts || !retry.shapes.has(failure))
      return failure;
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs(retry, tried, failure)));
  }
}

async function call(key: string): Promise<boolean> {
  try {
    if (breaker !== null && policy.breaker?.counts === 'calls')
      return (await breaker.execute(() => series(key, null))) === null;
    return (await series(key, breaker)) === null;
  } catch (error) {
    if (error instanceof Rejected) return false;
    throw error;
  }
}

serve(async (key) => {
  if (await call(key)) {
    cache.add(key);
    return 'live';
  }
  if (policy.fallback === 'static' || (policy.fallback === 'cached' && cache.has(key)))
    return policy.fallback;
  throw new Error('it failed');
});
