/**
 * A circuit breaker on top of cockatiel's, with two habits of that library corrected: surplus callers
 * in half-open are rejected at once (cockatiel lets them wait and then all go together), and a call
 * that began before the last change of state no longer counts for or against the present one.
 */
import { BrokenCircuitError, CircuitState, circuitBreaker, handleWhen, type IBreaker } from 'cockatiel';
import type { BreakerPolicy, LinkName } from '../policy.ts';
import { CallRejected } from './faults.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Emitted once per change of state. */
export interface Transition {
  readonly link: LinkName;
  readonly from: BreakerState;
  readonly to: BreakerState;
}

export interface BreakerOptions {
  readonly link: LinkName;
  readonly policy: BreakerPolicy;
  /** When to open. */
  readonly tripRule: IBreaker;
  /** Which errors speak against the dependency; others pass through uncounted. */
  readonly isFailure: (error: unknown) => boolean;
  readonly onTransition: (transition: Transition) => void;
}

export interface Breaker {
  /** Open turns half-open lazily, at the first call after the open time. */
  readonly state: BreakerState;
  /** Whether a call would go through now; asking changes nothing. */
  admits(): boolean;
  /** @throws CallRejected when the call is not admitted, else whatever `run` throws. */
  execute<T>(run: () => Promise<T>): Promise<T>;
}

export function createBreaker(options: BreakerOptions): Breaker {
  const { link, policy } = options;
  const cockatiel = circuitBreaker(
    handleWhen((error) => options.isFailure(error)),
    {
      breaker: options.tripRule,
      halfOpenAfter: policy.openMs,
      halfOpenSampling: { calls: policy.halfOpenProbes, threshold: 0 },
    },
  );
  let state: BreakerState = 'closed';
  /** Grows with each change of state; a call from an older era is a straggler. */
  let era = 0;
  let probes = 0;
  let openedAtMs = 0;

  cockatiel.onStateChange((changed) => {
    const from = state;
    state = nameOf(changed);
    era += 1;
    probes = 0;
    // Cockatiel reads the wall clock for its open time, so `admits` must use the same one.
    if (state === 'open') openedAtMs = Date.now();
    options.onTransition({ link, from, to: state });
  });

  function admits(): boolean {
    switch (state) {
      case 'closed':
        return true;
      case 'half-open':
        return probes < policy.halfOpenProbes;
      case 'open':
        return Date.now() - openedAtMs >= policy.openMs;
      default:
        return state satisfies never;
    }
  }

  async function execute<T>(run: () => Promise<T>): Promise<T> {
    if (!admits()) throw new CallRejected(link, state === 'half-open' ? 'half-open' : 'open');
    try {
      return await cockatiel.execute(async () => {
        // Runs in the same tick as the admission above, so no other caller comes between.
        const startedIn = era;
        if (state === 'half-open') probes += 1;
        const outcome = await settle(run);
        if (era !== startedIn) throw new Straggler(outcome);
        return unwrap(outcome);
      });
    } catch (error) {
      // Thrown as an error that is never a failure, so that cockatiel records neither outcome.
      if (error instanceof Straggler) return unwrap(error.outcome as Outcome<T>);
      if (error instanceof BrokenCircuitError) throw new CallRejected(link, 'open');
      throw error;
    }
  }

  return {
    get state() {
      return state;
    },
    admits,
    execute,
  };
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

class Straggler extends Error {
  readonly outcome: Outcome<unknown>;
  constructor(outcome: Outcome<unknown>) {
    super('call outlived the state it began in');
    this.outcome = outcome;
  }
}

async function settle<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw outcome.error;
}

function nameOf(state: CircuitState): BreakerState {
  switch (state) {
    case CircuitState.Closed:
      return 'closed';
    case CircuitState.HalfOpen:
      return 'half-open';
    case CircuitState.Open:
    case CircuitState.Isolated:
      return 'open';
    default:
      return state satisfies never;
  }
}
