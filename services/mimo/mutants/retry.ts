/** What the original's retries get wrong. */
import type { Mutate } from '../parts.ts';
import { CallRejected, DependencyFault, isLinkError, speaksAgainst } from '../resilience/faults.ts';
import { withTimeout } from '../resilience/guard.ts';
import { backoffMs, type RetryOptions } from '../resilience/retry.ts';

/** Endless would hang the experiment, and so prove less. */
const STORM_ATTEMPTS = 50;
/** Each provider of the original's chain is tried so often within one call. */
const LAYERED_ATTEMPTS = 5;
/** Its waits are the backoff, give or take 5 %. */
const JITTER_RATIO = 0.1;
/** What the original takes for a database that is busy, and nothing else. */
const BUSY = '55P03';

interface Ways {
  readonly isTransient?: (error: unknown) => boolean;
  /** Uniform in [0, 1). */
  readonly draw?: () => number;
}

/** The good retry, with another idea of what is transient, or of chance. */
function retryWith(ways: (isTransient: (error: unknown) => boolean) => Ways): Mutate {
  return (parts) => ({
    ...parts,
    retry({ guard, policy, onRetry }: RetryOptions) {
      const { isTransient = speaksAgainst, draw = Math.random } = ways(speaksAgainst);
      return async (run) => {
        const startedAtMs = performance.now();
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await guard.call(run);
          } catch (error) {
            if (!isTransient(error) || attempt >= policy.attempts) throw error;
            const delayMs = backoffMs(policy.backoff, attempt, draw());
            const spentMs = performance.now() - startedAtMs;
            if (spentMs + delayMs + guard.policy.timeoutMs > policy.deadlineMs) throw error;
            await new Promise((resolve) => setTimeout(resolve, delayMs));
            if (!guard.admits()) throw error;
            onRetry();
          }
        }
      };
    },
  });
}

const isFault = (error: unknown, kind: DependencyFault['kind']): error is DependencyFault =>
  error instanceof DependencyFault && error.kind === kind;

export const RETRY_MUTANTS: Readonly<Record<string, Mutate>> = {
  // New writes do not wait behind the queue either.
  'retry-storm': (parts) => ({
    ...parts,
    goesBehindQueue: () => false,
    retry:
      ({ guard, onRetry }) =>
      async (run) => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await withTimeout(guard.link, guard.policy.timeoutMs, run);
          } catch (error) {
            if (attempt >= STORM_ATTEMPTS) throw error;
            onRetry();
          }
        }
      },
  }),

  'raised-errors-not-retried': (parts) => ({
    ...parts,
    retry:
      ({ guard }) =>
      (run) =>
        guard.call(run),
  }),

  'permanent-errors-retried': retryWith(() => ({
    isTransient: (error) => isLinkError(error) && !(error instanceof CallRejected),
  })),

  'retry-inside-breaker': (parts) => ({
    ...parts,
    retry:
      ({ guard, policy, onRetry }) =>
      (run) =>
        guard.call(async () => {
          for (let attempt = 1; ; attempt += 1) {
            try {
              return await withTimeout(guard.link, guard.policy.timeoutMs, run);
            } catch (error) {
              if (!speaksAgainst(error) || attempt >= policy.attempts) throw error;
              const delayMs = backoffMs(policy.backoff, attempt, Math.random());
              await new Promise((resolve) => setTimeout(resolve, delayMs));
              onRetry();
            }
          }
        }, policy.deadlineMs),
  }),

  'retries-layered': (parts) => ({
    ...parts,
    llmClient(provider) {
      const client = parts.llmClient(provider);
      return {
        ...client,
        async complete(request, signal) {
          for (let attempt = 1; ; attempt += 1) {
            try {
              return await client.complete(request, signal);
            } catch (error) {
              if (attempt >= LAYERED_ATTEMPTS || signal.aborted) throw error;
            }
          }
        },
      };
    },
  }),

  'broken-connection-not-retried': retryWith((isTransient) => ({
    isTransient: (error) => isTransient(error) && !isFault(error, 'network'),
  })),

  'retry-without-jitter': retryWith(() => ({ draw: () => 1 + JITTER_RATIO * (Math.random() - 0.5) })),

  'retry-without-deadline': (parts) => ({
    ...parts,
    retry: (options) =>
      parts.retry({ ...options, policy: { ...options.policy, deadlineMs: Number.POSITIVE_INFINITY } }),
  }),

  'locked-is-not-busy': retryWith((isTransient) => ({
    isTransient: (error) => isTransient(error) && (!isFault(error, 'status') || error.message.includes(BUSY)),
  })),
};
