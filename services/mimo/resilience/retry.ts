/**
 * Bounded retry around a guarded call: full jitter, transient faults only, one deadline for all tries.
 * It sits outside the breaker, which is therefore asked before each try and ends the retries when open.
 */
import type { RetryPolicy } from '../policy.ts';
import { speaksAgainst } from './faults.ts';
import type { Guard } from './guard.ts';

export interface RetryOptions {
  readonly guard: Guard;
  readonly policy: RetryPolicy;
  /** Told before each further try. */
  readonly onRetry: () => void;
}

/** Runs `run` through the guard until it succeeds or may not be tried again; throws the last error. */
export type Retry = <T>(run: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export function createRetry({ guard, policy, onRetry }: RetryOptions): Retry {
  return async (run) => {
    const startedAtMs = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await guard.call(run);
      } catch (error) {
        // A rejection is not transient: the breaker says that waiting briefly will not help.
        if (attempt >= policy.attempts || !speaksAgainst(error)) throw error;
        const delayMs = backoffMs(policy.backoff, attempt, Math.random());
        const spentMs = performance.now() - startedAtMs;
        // Only a try that can use its whole time is begun: one cut short would blame the dependency.
        if (spentMs + delayMs + guard.policy.timeoutMs > policy.deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (!guard.admits()) throw error;
        onRetry();
      }
    }
  };
}

/** Wait after the nth failed try, in ms. `drawn` is uniform in [0, 1): full jitter spreads the herd. */
export function backoffMs(backoff: RetryPolicy['backoff'], attempt: number, drawn: number): number {
  return drawn * Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** (attempt - 1));
}
