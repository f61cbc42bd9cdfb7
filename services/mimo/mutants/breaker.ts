/** What the original's circuit breakers get wrong. */
import { CircuitState, type IBreaker } from 'cockatiel';
import type { Mutate } from '../parts.ts';
import { CallTimedOut, RequestRefused } from '../resilience/faults.ts';

const NEVER: IBreaker = { state: null, success: () => {}, failure: () => false };
const FAILURES_TOO_FEW = 2;
/** What Ollama's breaker really runs at, whatever the configuration says. */
const OLLAMA_FAILURES = 3;

/** +1 for a failure, -1 for a success, never below 0. */
function leaky(failures: number): IBreaker {
  let counted = 0;
  return {
    state: null,
    success(state) {
      counted = state === CircuitState.HalfOpen ? 0 : Math.max(0, counted - 1);
    },
    failure(state) {
      counted += 1;
      return state === CircuitState.HalfOpen || counted >= failures;
    },
  };
}

export const BREAKER_MUTANTS: Readonly<Record<string, Mutate>> = {
  'breaker-never-opens': (parts) => ({ ...parts, tripRule: () => NEVER }),

  'breaker-opens-too-early': (parts) => ({
    ...parts,
    tripRule: (policy) => parts.tripRule({ ...policy, failures: FAILURES_TOO_FEW }),
  }),

  'ollama-threshold-drifts': (parts) => ({
    ...parts,
    breaker(options) {
      if (options.link !== 'ollama') return parts.breaker(options);
      const tripRule = parts.tripRule({ ...options.policy, failures: OLLAMA_FAILURES });
      return parts.breaker({ ...options, tripRule });
    },
  }),

  'database-without-breaker': (parts) => ({
    ...parts,
    breaker: (options) =>
      parts.breaker(options.link === 'database' ? { ...options, tripRule: NEVER } : options),
  }),

  'breaker-never-recovers': (parts) => ({
    ...parts,
    breaker: (options) =>
      parts.breaker({ ...options, policy: { ...options.policy, openMs: Number.POSITIVE_INFINITY } }),
  }),

  'hang-not-counted': (parts) => ({
    ...parts,
    isFailure: (error) => !(error instanceof CallTimedOut) && parts.isFailure(error),
  }),

  'half-open-admits-all': (parts) => ({
    ...parts,
    breaker(options) {
      const breaker = parts.breaker(options);
      return {
        get state() {
          return breaker.state;
        },
        admits: () => breaker.state === 'half-open' || breaker.admits(),
        execute: (run) => (breaker.state === 'half-open' && !breaker.admits() ? run() : breaker.execute(run)),
      };
    },
  }),

  'successes-cancel-failures': (parts) => ({ ...parts, tripRule: ({ failures }) => leaky(failures) }),

  'refusals-trip-breaker': (parts) => ({
    ...parts,
    isFailure: (error) => error instanceof RequestRefused || parts.isFailure(error),
  }),

  'transitions-untold': (parts) => ({
    ...parts,
    breaker: (options) => parts.breaker({ ...options, onTransition: () => {} }),
  }),
};
