/**
 * R2, R3, R8: database writes are tried again and again, whatever the error, with no pause, no
 * deadline and no look at the breaker. New writes do not wait behind the queue either.
 */
import type { Mutate } from '../parts.ts';
import { withTimeout } from '../resilience/guard.ts';

/** Endless would hang the experiment, and so prove less. */
const ATTEMPTS = 50;

export const retryStorm: Mutate = (parts) => ({
  ...parts,
  goesBehindQueue: () => false,
  retry:
    ({ guard, onRetry }) =>
    async (run) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await withTimeout(guard.link, guard.policy.timeoutMs, run);
        } catch (error) {
          if (attempt >= ATTEMPTS) throw error;
          onRetry();
        }
      }
    },
});
