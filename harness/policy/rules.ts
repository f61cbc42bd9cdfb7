/**
 * When a breaker trips, as pure rules: one class for each kind that is known from the field. Simulations
 * run them, and the estimator of kinds asks each whether it could have done what was seen.
 */
import type { Ms } from '../model/time.ts';

export type RuleSpec =
  /** So many failures in a row; any success zeroes. */
  | { kind: 'consecutive'; failures: number }
  /** +1 for a failure, −1 for a success, never below 0. */
  | { kind: 'leaky'; failures: number }
  /** Share of failures among the last calls, once there are enough of them. */
  | { kind: 'count-window'; windowCalls: number; minimumCalls: number; rate: number; strict: boolean }
  /** So many failures among the last calls, however few those are. */
  | { kind: 'failures-in-calls'; windowCalls: number; failures: number }
  /** Share of failures among the calls of the last while, once there are enough of them. */
  | { kind: 'time-window'; windowMs: Ms; minimumCalls: number; rate: number; strict: boolean }
  /** So many failures within a while, whatever succeeds meanwhile; `windowMs` Infinity: ever. */
  | { kind: 'failures-in-time'; windowMs: Ms; failures: number };

export interface Rule {
  /** Takes in an outcome; true: the breaker trips now. */
  record(ok: boolean, nowMs: Ms): boolean;
  reset(): void;
  /** Another one in the same state. */
  clone(): Rule;
}

/** Guards comparisons of rates against rounding. */
const EPSILON = 1e-9;

export function ruleOf(spec: RuleSpec): Rule {
  switch (spec.kind) {
    case 'consecutive':
      return new Counter(spec.failures, () => 0);
    case 'leaky':
      return new Counter(spec.failures, (count) => Math.max(0, count - 1));
    case 'count-window':
      return new CountWindow(spec.windowCalls, (failed, total) => exceeds(failed, total, spec));
    case 'failures-in-calls':
      return new CountWindow(spec.windowCalls, (failed) => failed >= spec.failures);
    case 'time-window':
      return new TimeWindow(spec.windowMs, (failed, total) => exceeds(failed, total, spec));
    case 'failures-in-time':
      return new TimeWindow(spec.windowMs, (failed) => failed >= spec.failures);
  }
}

interface Share {
  minimumCalls: number;
  rate: number;
  strict: boolean;
}

function exceeds(failed: number, total: number, { minimumCalls, rate, strict }: Share): boolean {
  if (total < minimumCalls || failed === 0) return false;
  const over = failed / total - rate;
  return strict ? over > EPSILON : over >= -EPSILON;
}

class Counter implements Rule {
  #count = 0;
  readonly #failures: number;
  readonly #onSuccess: (count: number) => number;

  constructor(failures: number, onSuccess: (count: number) => number) {
    this.#failures = failures;
    this.#onSuccess = onSuccess;
  }

  record(ok: boolean): boolean {
    this.#count = ok ? this.#onSuccess(this.#count) : this.#count + 1;
    return !ok && this.#count >= this.#failures;
  }

  reset(): void {
    this.#count = 0;
  }

  clone(): Counter {
    const copy = new Counter(this.#failures, this.#onSuccess);
    copy.#count = this.#count;
    return copy;
  }
}

class CountWindow implements Rule {
  readonly #trips: (failed: number, total: number) => boolean;
  readonly #last: Uint8Array;
  #total = 0;
  #failed = 0;

  constructor(windowCalls: number, trips: (failed: number, total: number) => boolean) {
    this.#trips = trips;
    this.#last = new Uint8Array(windowCalls);
  }

  record(ok: boolean): boolean {
    const at = this.#total % this.#last.length;
    this.#failed += (ok ? 0 : 1) - (this.#last[at] ?? 0);
    this.#last[at] = ok ? 0 : 1;
    this.#total++;
    return this.#trips(this.#failed, Math.min(this.#total, this.#last.length));
  }

  reset(): void {
    this.#total = 0;
    this.#failed = 0;
    this.#last.fill(0);
  }

  clone(): CountWindow {
    const copy = new CountWindow(this.#last.length, this.#trips);
    copy.#last.set(this.#last);
    copy.#total = this.#total;
    copy.#failed = this.#failed;
    return copy;
  }
}

class TimeWindow implements Rule {
  readonly #windowMs: Ms;
  readonly #trips: (failed: number, total: number) => boolean;
  #outcomes: { ok: boolean; atMs: Ms }[] = [];
  #failed = 0;

  constructor(windowMs: Ms, trips: (failed: number, total: number) => boolean) {
    this.#windowMs = windowMs;
    this.#trips = trips;
  }

  record(ok: boolean, nowMs: Ms): boolean {
    this.#outcomes.push({ ok, atMs: nowMs });
    if (!ok) this.#failed++;
    let gone = 0;
    for (let first = this.#outcomes[0]; first !== undefined && nowMs - first.atMs > this.#windowMs; ) {
      if (!first.ok) this.#failed--;
      first = this.#outcomes[++gone];
    }
    if (gone > 0) this.#outcomes = this.#outcomes.slice(gone);
    return this.#trips(this.#failed, this.#outcomes.length);
  }

  reset(): void {
    this.#outcomes = [];
    this.#failed = 0;
  }

  clone(): TimeWindow {
    const copy = new TimeWindow(this.#windowMs, this.#trips);
    copy.#outcomes = [...this.#outcomes];
    copy.#failed = this.#failed;
    return copy;
  }
}

type TimeSpec = Extract<RuleSpec, { windowMs: Ms }>;

/** What a rule may do at an outcome; of a blurred one both may be possible. */
export const HOLDS = 1;
export const TRIPS = 2;

/**
 * A window of time of which the length is known within bounds only, as that of one in buckets: what it may do
 * at each outcome, over all lengths between them. Thousands of them live through the same story, so outcomes are
 * plain numbers: their time, negative where they failed.
 */
export class BlurredWindow {
  readonly #spec: TimeSpec;
  readonly #shortMs: Ms;
  #outcomes: number[] = [];
  /** Those before are out of the window. */
  #from = 0;
  #failed = 0;
  /** Outcomes that nobody saw: so many at most, no later than this. */
  #unseen: { count: number; atMs: Ms }[] = [];

  constructor(spec: TimeSpec, shortMs: Ms) {
    this.#spec = spec;
    this.#shortMs = shortMs;
  }

  /** Whether something in the window has not been seen. */
  get isUnclear(): boolean {
    return this.#unseen.length > 0;
  }

  /**
   * So many outcomes at most may have come until this moment, good ones or bad ones.
   * @param mayHaveCleared those from before may be gone
   */
  blur(count: number, atMs: Ms, mayHaveCleared: boolean): void {
    const before = mayHaveCleared ? this.#outcomes.length - this.#from : 0;
    if (mayHaveCleared) this.#forget();
    this.#unseen.push({ count: count + before, atMs });
  }

  /** Whether it may trip, and whether it may not: `TRIPS`, `HOLDS` or both of them. */
  record(ok: boolean, nowMs: Ms): number {
    const outcomes = this.#outcomes;
    if (this.#unseen.length > 0)
      this.#unseen = this.#unseen.filter(({ atMs }) => nowMs - atMs <= this.#spec.windowMs);
    const unseen = this.#unseen.reduce((sum, { count }) => sum + count, 0);
    // Later than any zero, so that the sign says how it went.
    const now = nowMs + 1;
    outcomes.push(ok ? now : -now);
    if (!ok) this.#failed++;
    for (; ; this.#from++) {
      const first = outcomes[this.#from] ?? now;
      if (now - Math.abs(first) <= this.#spec.windowMs) break;
      if (first < 0) this.#failed--;
    }
    let failed = this.#failed;
    let total = outcomes.length - this.#from;
    let told = this.#doesAt(failed, total, unseen);
    for (let i = this.#from; i < outcomes.length; i++) {
      const outcome = outcomes[i] ?? now;
      if (now - Math.abs(outcome) <= this.#shortMs) break;
      total--;
      if (outcome < 0) failed--;
      told |= this.#doesAt(failed, total, unseen);
    }
    return told;
  }

  /** What was not seen may not be there, or have failed, or have gone well: between these it can do nothing else. */
  #doesAt(failed: number, total: number, unseen: number): number {
    const told = this.#trips(failed, total);
    if (unseen === 0) return told;
    return told | this.#trips(failed + unseen, total + unseen) | this.#trips(failed, total + unseen);
  }

  #trips(failed: number, total: number): number {
    const spec = this.#spec;
    const trips = spec.kind === 'time-window' ? exceeds(failed, total, spec) : failed >= spec.failures;
    return trips ? TRIPS : HOLDS;
  }

  reset(): void {
    this.#forget();
    this.#unseen = [];
  }

  #forget(): void {
    this.#outcomes = [];
    this.#from = 0;
    this.#failed = 0;
  }

  clone(): BlurredWindow {
    const copy = new BlurredWindow(this.#spec, this.#shortMs);
    copy.#outcomes = this.#outcomes.slice(this.#from);
    copy.#failed = this.#failed;
    copy.#unseen = [...this.#unseen];
    return copy;
  }
}
