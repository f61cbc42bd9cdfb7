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
  /** Told when a call that failed is not tried again, though its fault was transient. */
  readonly onExhausted?: (reason: ExhaustedBy) => void;
}

/** Why there is no further try: all are used, no time is left for one, or the breaker has opened. */
export const EXHAUSTED_BY = ['attempts', 'deadline', 'breaker'] as const;
export type ExhaustedBy = (typeof EXHAUSTED_BY)[number];

/** Runs `run` through the guard until it succeeds or may not be tried again; throws the last error. */
export type Retry = <T>(run: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export function createRetry({ guard, policy, onRetry, onExhausted }: RetryOptions): Retry {
  function exhausted(reason: ExhaustedBy, error: unknown): never {
    onExhausted?.(reason);
    throw error;
  }

  return async (run) => {
    const startedAtMs = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await guard.call(run);
      } catch (error) {
        // A rejection is not transient: the breaker says that waiting briefly will not help.
        if (!speaksAgainst(error)) throw error;
        if (attempt >= policy.attempts) exhausted('attempts', error);
        const delayMs = backoffMs(policy.backoff, attempt, Math.random());
        const spentMs = performance.now() - startedAtMs;
        // Only a try that can use its whole time is begun: one cut short would blame the dependency.
        if (spentMs + delayMs + guard.policy.timeoutMs > policy.deadlineMs) exhausted('deadline', error);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (!guard.admits()) exhausted('breaker', error);
        onRetry();
      }
    }
  };
}

/** Wait after the nth failed try, in ms. `drawn` is uniform in [0, 1): full jitter spreads the herd. */
export function backoffMs(backoff: RetryPolicy['backoff'], attempt: number, drawn: number): number {
  return drawn * Math.min(backoff.capMs, backoff.baseMs * backoff.factor ** (attempt - 1));
}
