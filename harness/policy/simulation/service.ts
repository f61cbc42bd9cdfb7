/**
 * A service with a policy of one's choice, on a virtual clock: what characterise is tested against by the
 * hundred, and what a sweep runs its traffic through. Semantics are those of the rules and of what the
 * policy says; no library is imitated.
 */
import type { Ms } from '../../model/time.ts';
import type { Attempt, Condition, Shape } from '../bench.ts';
import { RETRY_AFTER_S, UNSEEN } from '../bench.ts';
import { type Rule, type RuleSpec, ruleOf } from '../rules.ts';
import type { VirtualClock } from './clock.ts';

export type BackoffKind = 'none' | 'constant' | 'linear' | 'exponential';
export type JitterKind = 'none' | 'full' | 'equal' | 'plus-minus';

export interface SimulatedRetry {
  attempts: number;
  backoff: BackoffKind;
  baseMs: Ms;
  factor: number;
  capMs: Ms;
  jitter: JitterKind;
  /** For `plus-minus`: the share of the delay. */
  jitterShare: number;
  honoursRetryAfter: boolean;
  shapes: ReadonlySet<Shape>;
  /** What it tries again tries again by itself; left out: it is one attempt. */
  inner?: SimulatedRetry;
}

export interface SimulatedBreaker {
  rule: RuleSpec;
  counts: 'calls' | 'attempts';
  shapes: ReadonlySet<Shape>;
  openMs: Ms;
  /** Each reopening multiplies the open duration by this, up to `openMaxMs`. */
  openGrowth: number;
  openMaxMs: Ms;
  halfOpenProbes: number;
  successesToClose: number;
  /** False: what was counted before the trip still counts after the close. */
  clearsOnClose: boolean;
  /** What counts besides calls that were let through while it was closed; left out: nothing. */
  countsToo?: 'closing-probe' | 'probes-and-rejected';
  /** What becomes of calls beyond the probes; left out: they are rejected. */
  surplus?: 'waits';
}

/** What a service does; `null`: it has none. Times of one attempt, except the deadline, which is of the call. */
export interface ServicePolicy {
  connectMs: Ms | null;
  headersMs: Ms | null;
  idleMs: Ms | null;
  totalMs: Ms | null;
  deadlineMs: Ms | null;
  retry: SimulatedRetry | null;
  breaker: SimulatedBreaker | null;
  bulkhead: { concurrent: number; queue: number } | null;
  fallback: 'cached' | 'static' | 'none';
  /** Calls that may be made in a period, given back one by one or all at its end; left out: as many as come. */
  rateLimit?: {
    calls: number;
    periodMs: Ms;
    givenBack: 'one by one' | 'at once';
    surplus: 'rejected' | 'waits';
  };
}

/** One attempt, however long it takes, and its outcome for everybody: what a service does that has no policy. */
export const NO_POLICY: ServicePolicy = {
  connectMs: null,
  headersMs: null,
  idleMs: null,
  totalMs: null,
  deadlineMs: null,
  retry: null,
  breaker: null,
  bulkhead: null,
  fallback: 'none',
};

/** How the dependency is: asked at each attempt. */
export interface SimulatedDependency {
  /** What the next attempt meets; null: all is well. */
  fate(): Condition | null;
  /** Settles at the next change for the better. */
  healed(): Promise<void>;
  serviceMs(): Ms;
}

export type Outcome = 'ok' | 'failed' | 'rejected';

export type SimulatedState = 'closed' | 'open' | 'half-open';

class Breaker {
  readonly #spec: SimulatedBreaker;
  readonly #onChange: (to: SimulatedState) => void;
  readonly #rule: Rule;
  readonly #clock: VirtualClock;
  state: SimulatedState = 'closed';
  #openUntilMs = 0;
  #openMs: Ms;
  #probes = 0;
  #successes = 0;
  #era = 0;
  #waiting: (() => void)[] = [];

  constructor(spec: SimulatedBreaker, clock: VirtualClock, onChange: (to: SimulatedState) => void) {
    this.#spec = spec;
    this.#onChange = onChange;
    this.#rule = ruleOf(spec.rule);
    this.#clock = clock;
    this.#openMs = spec.openMs;
  }

  /** A ticket to hand in with the outcome; null: rejected. */
  async admit(): Promise<number | null> {
    for (;;) {
      const ticket = this.#tryToAdmit();
      if (ticket !== null) return ticket;
      if (this.#spec.surplus !== 'waits' || this.state !== 'half-open') break;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#spec.countsToo === 'probes-and-rejected') this.#rule.record(true, this.#clock.now());
    return null;
  }

  #tryToAdmit(): number | null {
    if (this.state === 'open' && this.#clock.now() >= this.#openUntilMs) {
      this.#enter('half-open');
      this.#probes = 0;
      this.#successes = 0;
    }
    if (this.state === 'open') return null;
    if (this.state === 'half-open' && this.#probes >= this.#spec.halfOpenProbes) return null;
    if (this.state === 'half-open') this.#probes++;
    return this.#era;
  }

  record(ticket: number, ok: boolean): void {
    if (ticket !== this.#era) return;
    const now = this.#clock.now();
    if (this.state === 'closed') {
      if (this.#rule.record(ok, now)) this.#open(this.#spec.openMs);
      return;
    }
    this.#probes--;
    const { countsToo } = this.#spec;
    if (countsToo === 'probes-and-rejected') this.#rule.record(ok, now);
    if (!ok) this.#open(Math.min(this.#spec.openMaxMs, this.#openMs * this.#spec.openGrowth));
    else if (++this.#successes >= this.#spec.successesToClose) {
      this.#enter('closed');
      if (this.#spec.clearsOnClose) this.#rule.reset();
      if (countsToo === 'closing-probe') this.#rule.record(true, now);
    }
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #open(openMs: Ms): void {
    this.#openMs = openMs;
    this.#openUntilMs = this.#clock.now() + openMs;
    this.#enter('open');
  }

  #enter(state: SimulatedState): void {
    this.state = state;
    this.#era++;
    this.#onChange(state);
  }
}

export class SimulatedService {
  /** What its link has seen, in the order in which attempts ended. */
  readonly attempts: Attempt[] = [];
  readonly #policy: ServicePolicy;
  readonly #clock: VirtualClock;
  readonly #dependency: SimulatedDependency;
  readonly #random: () => number;
  readonly #breaker: Breaker | null;
  #rateMs = 0;
  #rateLeft: number | null = null;
  #inUse = 0;
  readonly #queue: (() => void)[] = [];
  readonly #cache = new Set<string>();

  constructor(
    policy: ServicePolicy,
    clock: VirtualClock,
    dependency: SimulatedDependency,
    random: () => number,
    onBreaker: (to: SimulatedState) => void = () => {},
  ) {
    this.#policy = policy;
    this.#clock = clock;
    this.#dependency = dependency;
    this.#random = random;
    this.#breaker = policy.breaker === null ? null : new Breaker(policy.breaker, clock, onBreaker);
  }

  get breakerState(): SimulatedState | null {
    return this.#breaker?.state ?? null;
  }

  /** Serves one request of its caller. */
  async serve(key: string): Promise<{ ok: boolean; status: number; servedBy: string; called: Outcome }> {
    const called = await this.#call(key);
    if (called === 'ok') {
      this.#cache.add(key);
      return { ok: true, status: 200, servedBy: 'live', called };
    }
    const { fallback } = this.#policy;
    if (fallback === 'static' || (fallback === 'cached' && this.#cache.has(key)))
      return { ok: true, status: 200, servedBy: fallback, called };
    return { ok: false, status: called === 'rejected' ? 503 : 502, servedBy: '', called };
  }

  async #call(key: string): Promise<Outcome> {
    if (!(await this.#isWithinRate())) return 'rejected';
    const { breaker, deadlineMs } = this.#policy;
    const untilMs = deadlineMs === null ? Number.POSITIVE_INFINITY : this.#clock.now() + deadlineMs;
    if (this.#breaker === null || breaker?.counts !== 'calls') return this.#series(key, untilMs);
    const ticket = await this.#breaker.admit();
    if (ticket === null) return 'rejected';
    const shapes: (Condition | null)[] = [];
    const outcome = await this.#series(key, untilMs, shapes);
    const last = shapes.at(-1) ?? null;
    this.#breaker.record(ticket, outcome === 'ok' || !this.#speaksAgainst(last));
    return outcome;
  }

  /** Takes one of the calls of this period. */
  async #isWithinRate(): Promise<boolean> {
    const limit = this.#policy.rateLimit;
    if (limit === undefined) return true;
    const { calls, periodMs, givenBack, surplus } = limit;
    const stepMs = givenBack === 'one by one' ? periodMs / calls : periodMs;
    for (;;) {
      const steps = Math.floor((this.#clock.now() - this.#rateMs) / stepMs);
      this.#rateMs += steps * stepMs;
      this.#rateLeft = Math.min(
        calls,
        (this.#rateLeft ?? calls) + (givenBack === 'at once' ? steps * calls : steps),
      );
      if (this.#rateLeft >= 1) break;
      if (surplus === 'rejected') return false;
      await this.#clock.sleep(this.#rateMs + stepMs - this.#clock.now());
    }
    this.#rateLeft--;
    return true;
  }

  /** One attempt, and more where it fails in a way that is tried again. */
  async #series(
    key: string,
    untilMs: Ms,
    shapes: (Condition | null)[] = [],
    retry = this.#policy.retry,
  ): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const outcome =
        retry?.inner === undefined
          ? await this.#once(key, untilMs, shapes)
          : await this.#series(key, untilMs, shapes, retry.inner);
      if (outcome !== 'failed') return outcome;
      const shape = shapes.at(-1) ?? null;
      const again = retry !== null && attempt < retry.attempts && retry.shapes.has(shape as Shape);
      if (!again || this.#clock.now() >= untilMs) return 'failed';
      const delayMs = this.#delayMs(retry, attempt, shape);
      if (this.#clock.now() + delayMs >= untilMs) return 'failed';
      await this.#clock.sleep(delayMs);
    }
  }

  async #once(key: string, untilMs: Ms, shapes: (Condition | null)[]): Promise<Outcome> {
    const perAttempt = this.#policy.breaker?.counts === 'attempts' ? this.#breaker : null;
    const ticket = perAttempt === null ? 0 : await perAttempt.admit();
    if (ticket === null) return 'rejected';
    const { ok, shape } = await this.#attempt(key, untilMs);
    shapes.push(shape);
    perAttempt?.record(ticket, ok || !this.#speaksAgainst(shape));
    return ok ? 'ok' : 'failed';
  }

  #speaksAgainst(shape: Condition | null): boolean {
    return this.#policy.breaker?.shapes.has(shape as Shape) ?? false;
  }

  #delayMs(retry: SimulatedRetry, attempt: number, shape: Condition | null): Ms {
    const asked =
      shape?.endsWith('retry-after') === true && retry.honoursRetryAfter ? RETRY_AFTER_S * 1000 : 0;
    const { backoff, baseMs, factor, capMs, jitter, jitterShare } = retry;
    const plain =
      backoff === 'none'
        ? 0
        : backoff === 'constant'
          ? baseMs
          : backoff === 'linear'
            ? baseMs * attempt
            : baseMs * factor ** (attempt - 1);
    const delay = Math.min(capMs, plain);
    const dice = this.#random();
    const drawn =
      jitter === 'full'
        ? delay * dice
        : jitter === 'equal'
          ? delay * (0.5 + dice / 2)
          : jitter === 'plus-minus'
            ? delay * (1 + jitterShare * (2 * dice - 1))
            : delay;
    return Math.max(asked, drawn);
  }

  async #attempt(key: string, untilMs: Ms): Promise<{ ok: boolean; shape: Condition | null }> {
    const { bulkhead } = this.#policy;
    if (bulkhead !== null && this.#inUse >= bulkhead.concurrent) {
      if (this.#queue.length >= bulkhead.queue) return { ok: false, shape: null };
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#inUse++;
    try {
      return await this.#exchange(key, untilMs);
    } finally {
      this.#inUse--;
      this.#queue.shift()?.();
    }
  }

  async #exchange(key: string, untilMs: Ms): Promise<{ ok: boolean; shape: Condition | null }> {
    const shape = this.#dependency.fate();
    const startMs = this.#clock.now();
    const { firstByteMs, endMs, gaveUp } = await this.#meet(shape, startMs, untilMs);
    const ok = !gaveUp && (shape === null || shape === 'held');
    if (shape === null || !UNSEEN.has(shape)) {
      const status = /^status-(\d+)/.exec(shape ?? '')?.[1];
      this.attempts.push({
        startMs,
        endMs,
        firstByteMs,
        status: status === undefined ? (firstByteMs === null ? null : 200) : Number(status),
        ok,
        endedBy: gaveUp ? 'target' : 'dependency',
        call: key,
      });
    }
    return { ok, shape };
  }

  /** Lives through an attempt under a condition. */
  async #meet(shape: Condition | null, startMs: Ms, untilMs: Ms) {
    const { connectMs, headersMs, idleMs, totalMs } = this.#policy;
    const none = Number.POSITIVE_INFINITY;
    const limit = (...limits: (Ms | null)[]): Ms =>
      Math.min(untilMs, ...limits.map((ms) => startMs + (ms ?? none)));
    const quickMs = this.#dependency.serviceMs();
    switch (shape) {
      case 'black-hole':
        return this.#until(limit(connectMs, headersMs, totalMs), null);
      case 'slow-headers':
      case 'held':
        return this.#until(limit(headersMs, totalMs), null);
      case 'stalled-stream':
      case 'drip': {
        await this.#clock.sleep(quickMs);
        const firstByteMs = this.#clock.now();
        const idleLimit = shape === 'drip' ? none : firstByteMs + (idleMs ?? none);
        return this.#until(Math.min(limit(totalMs), idleLimit), firstByteMs);
      }
      default: {
        const endMs = startMs + quickMs;
        const gaveUp = endMs > limit(headersMs, totalMs);
        await this.#clock.sleep((gaveUp ? limit(headersMs, totalMs) : endMs) - startMs);
        return { firstByteMs: gaveUp ? null : this.#clock.now(), endMs: this.#clock.now(), gaveUp };
      }
    }
  }

  /** Waits for the end of patience, or for the dependency to be well again. */
  async #until(atMs: Ms, firstByteMs: Ms | null) {
    const patience = Number.isFinite(atMs)
      ? this.#clock.sleep(atMs - this.#clock.now()).then(() => true)
      : new Promise<boolean>(() => {});
    const gaveUp = await Promise.race([patience, this.#dependency.healed().then(() => false)]);
    return { firstByteMs, endMs: this.#clock.now(), gaveUp };
  }
}
