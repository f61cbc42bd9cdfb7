/** Breaker, bulkhead and retry of a drawn policy, on the clock of the machine. */
import { RETRY_AFTER_S } from '../../../harness/policy/bench.ts';
import { type Rule, ruleOf } from '../../../harness/policy/rules.ts';
import type {
  ServicePolicy,
  SimulatedBreaker,
  SimulatedRetry,
} from '../../../harness/policy/simulation/service.ts';
import type { Failure } from './exchange.ts';

/** The call was not made. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

type State =
  | { name: 'closed' }
  | { name: 'open'; untilMs: number; openMs: number }
  | { name: 'half-open'; underWay: number; good: number; openMs: number };

/** A success of a probe frees its place; one failure reopens. What was begun in an earlier state counts for nothing. */
export class DrawnBreaker {
  readonly #spec: SimulatedBreaker;
  readonly #rule: Rule;
  #state: State = { name: 'closed' };

  constructor(spec: SimulatedBreaker) {
    this.#spec = spec;
    this.#rule = ruleOf(spec.rule);
  }

  async execute(run: () => Promise<Failure | null>): Promise<Failure | null> {
    const state = this.#admit();
    const failure = await run();
    if (this.#state === state) this.#record(state, failure === null || !this.#spec.shapes.has(failure));
    return failure;
  }

  #admit(): State {
    const now = performance.now();
    if (this.#state.name === 'open' && now >= this.#state.untilMs)
      this.#state = { name: 'half-open', underWay: 0, good: 0, openMs: this.#state.openMs };
    const state = this.#state;
    if (state.name === 'open') throw new Rejected('open');
    if (state.name === 'half-open') {
      if (state.underWay >= this.#spec.halfOpenProbes) throw new Rejected('half-open');
      state.underWay++;
    }
    return state;
  }

  #record(state: State, ok: boolean): void {
    const { openMs, openGrowth, openMaxMs, successesToClose, clearsOnClose } = this.#spec;
    if (state.name === 'closed') {
      if (this.#rule.record(ok, performance.now())) this.#open(openMs);
    } else if (state.name === 'half-open') {
      state.underWay--;
      if (!ok) this.#open(Math.min(openMaxMs, state.openMs * openGrowth));
      else if (++state.good >= successesToClose) {
        this.#state = { name: 'closed' };
        if (clearsOnClose) this.#rule.reset();
      }
    }
  }

  #open(openMs: number): void {
    this.#state = { name: 'open', untilMs: performance.now() + openMs, openMs };
  }
}

/** So many at once; some more wait, the rest is turned away. */
export class Gate {
  readonly #limits: NonNullable<ServicePolicy['bulkhead']>;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limits: NonNullable<ServicePolicy['bulkhead']>) {
    this.#limits = limits;
  }

  async enter(): Promise<void> {
    if (this.#inside < this.#limits.concurrent) {
      this.#inside++;
      return;
    }
    if (this.#waiting.length >= this.#limits.queue) throw new Rejected('bulkhead');
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside--;
    else next();
  }
}

/** Wait after the so manieth failed attempt. */
export function retryDelayMs(retry: SimulatedRetry, tried: number, failure: Failure): number {
  const growth = { none: 0, constant: 1, linear: tried, exponential: retry.factor ** (tried - 1) };
  const plainMs = Math.min(retry.capMs, retry.baseMs * growth[retry.backoff]);
  const dice = Math.random();
  const share = {
    none: 1,
    full: dice,
    equal: 0.5 + dice / 2,
    'plus-minus': 1 + retry.jitterShare * (2 * dice - 1),
  };
  const isAsked = retry.honoursRetryAfter && failure.endsWith('retry-after');
  return Math.max(isAsked ? RETRY_AFTER_S * 1000 : 0, plainMs * share[retry.jitter]);
}
