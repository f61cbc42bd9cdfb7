/**
 * The one door through which a link is called: bulkhead, then breaker, then timeout. The timeout sits
 * inside the breaker and belongs to the call, not to the caller: a hang is counted even when the
 * request that caused it was answered, or given up, long before.
 */
import type { LinkName, LinkPolicy } from '../policy.ts';
import type { Breaker, BreakerState } from './breaker.ts';
import { CallRejected, CallTimedOut, speaksAgainst } from './faults.ts';

export type CallOutcome = 'success' | 'failure' | 'rejected';

export interface GuardOptions {
  readonly link: LinkName;
  readonly policy: LinkPolicy;
  readonly breaker: Breaker;
  /** For metrics: told once per call. */
  readonly onCall: (link: LinkName, outcome: CallOutcome) => void;
}

export interface Guard {
  readonly link: LinkName;
  readonly policy: LinkPolicy;
  readonly state: BreakerState;
  /** Calls under way. */
  readonly inFlight: number;
  /** Calls that wait for a place, each at most as long as for an answer. */
  readonly waiting: number;
  /** Whether a call would be let through now; asking changes nothing. */
  admits(): boolean;
  /**
   * Calls the link. `signal` aborts when the attempt's time is up and must end the upstream call.
   * @param timeoutMs another limit than the policy's, for an answer that comes in pieces
   * @throws CallRejected (not called), CallTimedOut, or what `run` throws.
   */
  call<T>(run: (signal: AbortSignal) => Promise<T>, timeoutMs?: number): Promise<T>;
}

export function createGuard({ link, policy, breaker, onCall }: GuardOptions): Guard {
  const { concurrent, queue } = policy.bulkhead;
  let inFlight = 0;
  const waiting: (() => void)[] = [];

  /**
   * Takes a place, or waits for one where the queue has room. It comes before the breaker: who waits
   * while the breaker opens is rejected by it and never reaches the link. Nobody waits longer for a place than for
   * an answer: a dependency that is slow and still in time would else hold every caller until its own deadline,
   * although what stands in for it is at hand.
   */
  async function enter(): Promise<void> {
    if (inFlight < concurrent) {
      inFlight += 1;
      return;
    }
    // A full bulkhead says that we are busy, not that the dependency is ill: the breaker hears nothing.
    if (waiting.length >= queue) throw new CallRejected(link, 'bulkhead');
    await new Promise<void>((resolve, reject) => {
      const take = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(new CallRejected(link, 'bulkhead'));
      }, policy.timeoutMs);
      waiting.push(take);
    });
  }

  function leave(): void {
    const next = waiting.shift();
    // The place is handed over, so that nobody who comes later can take it in between.
    if (next === undefined) inFlight -= 1;
    else next();
  }

  async function call<T>(
    run: (signal: AbortSignal) => Promise<T>,
    timeoutMs: number = policy.timeoutMs,
  ): Promise<T> {
    try {
      await enter();
    } catch (error) {
      onCall(link, 'rejected');
      throw error;
    }
    try {
      const value = await breaker.execute(() => withTimeout(link, timeoutMs, run));
      onCall(link, 'success');
      return value;
    } catch (error) {
      onCall(link, outcomeOf(error));
      throw error;
    } finally {
      leave();
    }
  }

  return {
    link,
    policy,
    get state() {
      return breaker.state;
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return waiting.length;
    },
    admits: () => inFlight < concurrent && breaker.admits(),
    call,
  };
}

/**
 * Runs one attempt with a limit. The race makes the limit hold even for work that ignores its signal.
 * @throws CallTimedOut after `timeoutMs`.
 */
export async function withTimeout<T>(
  link: LinkName,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timedOut = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new CallTimedOut(link, timeoutMs);
    // Rejected before the abort, so that the race reports the timeout and not the abort it causes.
    timedOut.reject(error);
    controller.abort(error);
  }, timeoutMs);
  try {
    return await Promise.race([run(controller.signal), timedOut.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof CallRejected) return 'rejected';
  // A refusal of our request is an answer: the dependency works.
  return speaksAgainst(error) ? 'failure' : 'success';
}
