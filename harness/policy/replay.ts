/** Whether a hypothesis could have done what was seen, and what it would do next. */
import type { Ms } from '../model/time.ts';
import { BlurredWindow, HOLDS, type Rule, ruleOf, TRIPS } from './rules.ts';
import { ANY, type Costs, clears, type Hypothesis, PROBES_MAX, type Seen, type Sequence } from './story.ts';

/** Windows in buckets are shorter by up to a bucket (five is the fewest that are known from the field). */
const BUCKET_SHARE = 0.2;

/** A counter that nothing clears may stand at so much more than trips it. */
const KEPT_MAX = 100;

/** Those that agree with everything seen. */
export function surviving(hypotheses: readonly Hypothesis[], story: readonly Seen[]): Hypothesis[] {
  return hypotheses.filter((hypothesis) => new Replay(hypothesis).agrees(story));
}

/** Hypotheses that agree with all that was seen so far, each where that has left it. */
export class VersionSpace {
  #replays: Replay[];
  /** Entries of the story that all have lived through. */
  #lived = 0;

  constructor(hypotheses: readonly Hypothesis[]) {
    this.#replays = hypotheses.map((hypothesis) => new Replay(hypothesis));
  }

  get size(): number {
    return this.#replays.length;
  }

  get left(): Hypothesis[] {
    return this.#replays.map(({ hypothesis }) => hypothesis);
  }

  /** Drops those that disagree with what is new. @param story the whole of it, of which all but the last call is final */
  learn(story: readonly Seen[]): void {
    const last = story.at(-1);
    // Whether it tripped is known with the next one.
    const isFinal = last?.what !== 'call' || last.isProbe || last.tripped !== null;
    const news = story.slice(this.#lived, isFinal ? story.length : -1);
    this.#replays = this.#replays.filter((replay) => replay.agrees(news));
    this.#lived += news.length;
  }

  keep(isKept: (hypothesis: Hypothesis) => boolean): void {
    this.#replays = this.#replays.filter(({ hypothesis }) => isKept(hypothesis));
  }

  /** Each at the end of the story, free to go on. */
  at(story: readonly Seen[]): Replay[] {
    const rest = story.slice(this.#lived);
    return rest.length === 0 ? this.#replays : this.#replays.map((replay) => replay.after(rest));
  }
}

/** A hypothesis living through what was seen. */
export class Replay {
  readonly hypothesis: Hypothesis;
  #rule: Rule | BlurredWindow;
  /** What has come since the fog, until the rule has forgotten what was before; null: there is none. */
  #fog: { outcomes: number; surplus: number } | null = null;
  /** It may have tripped unseen and be open or half-open: good calls in a row since. Null: it is known whether it is. */
  #doubt: number | null = null;
  #lastMs: Ms = 0;

  constructor(hypothesis: Hypothesis) {
    this.hypothesis = hypothesis;
    const { rule } = hypothesis;
    this.#rule =
      'windowMs' in rule ? new BlurredWindow(rule, rule.windowMs * (1 - BUCKET_SHARE)) : ruleOf(rule);
  }

  /** What it has counted is not known. */
  get isInFog(): boolean {
    return (
      this.#doubt !== null ||
      this.#fog !== null ||
      (this.#rule instanceof BlurredWindow && this.#rule.isUnclear)
    );
  }

  agrees(story: readonly Seen[]): boolean {
    return story.every((seen) => this.#agreesWith(seen));
  }

  /** Another one that has lived through this as well, whether it agrees or not. */
  after(story: readonly Seen[]): Replay {
    const copy = new Replay(this.hypothesis);
    copy.#rule = this.#rule.clone();
    copy.#fog = this.#fog === null ? null : { ...this.#fog };
    copy.#doubt = this.#doubt;
    copy.#lastMs = this.#lastMs;
    for (const seen of story) copy.#agreesWith(seen);
    return copy;
  }

  /**
   * How many attempts into a sequence it trips, from where the story has left it; `none`: not at all;
   * `either`: its window is in buckets, and it depends on where they begin; or it may trip on a success; or what it
   * has counted is not known.
   */
  predict(sequence: Sequence, attemptsOfFailure: number, costs: Costs, fromMs: Ms): string {
    // What it does next would not be held against it.
    if (this.#fog !== null || this.#doubt !== null) return 'either';
    const rule = this.#rule.clone();
    let nowMs = fromMs + costs.okMs;
    let attempts = 0;
    for (const step of sequence) {
      if ('pauseMs' in step) {
        nowMs += step.pauseMs;
        continue;
      }
      const failures = Math.min(step.failures, attemptsOfFailure);
      const isOk = failures < attemptsOfFailure;
      nowMs += failures === 0 ? costs.okMs : costs.failMs;
      const outcomes =
        this.hypothesis.unit === 'calls'
          ? [isOk]
          : Array.from({ length: failures + (isOk ? 1 : 0) }, (_, i) => i >= failures);
      if (this.hypothesis.unit === 'calls') attempts += failures + (isOk ? 1 : 0) - 1;
      for (const ok of outcomes) {
        attempts++;
        const told = toldBy(rule, ok, nowMs);
        // Some rules are looked at on failures only.
        if (told === (TRIPS | HOLDS) || (ok && told === TRIPS)) return 'either';
        if (told === TRIPS) return `${attempts}`;
      }
    }
    return 'none';
  }

  #agreesWith(seen: Seen): boolean {
    const { unit, onClose } = this.hypothesis;
    switch (seen.what) {
      case 'closed':
        if (this.#doubt !== null) this.#endDoubt(this.#lastMs);
        if (clears(onClose)) {
          this.#rule.reset();
          this.#fog = null;
          if (onClose === 'clears-but-probe') this.#record(true, this.#lastMs);
        }
        return true;
      case 'rejected':
        if (onClose === 'keeps-all') this.#record(true, seen.endMs);
        return true;
      case 'fog':
        this.#enterFog(seen.calls * (unit === 'calls' ? 1 : seen.attemptsEach), seen.endMs);
        return true;
      case 'surplus':
        if (this.hypothesis.countsSurplus)
          for (let i = 0; i < seen.count; i++) this.#record(true, seen.endMs);
        return true;
      case 'call': {
        this.#lastMs = seen.endMs;
        if (seen.isProbe && onClose !== 'keeps-with-probes' && onClose !== 'keeps-all') return true;
        if (unit === 'calls') {
          if (seen.cutShort) return false; // it counts when a call is over, and this one was not
          return this.#fits(seen.ok, seen.endMs, seen.isProbe ? null : seen.tripped, seen.mayHide);
        }
        return seen.attempts.every(({ ok, endMs }, i) => {
          const isLast = i === seen.attempts.length - 1;
          return this.#fits(ok, endMs, seen.isProbe ? null : isLast && seen.tripped, isLast && seen.mayHide);
        });
      }
    }
  }

  #fits(ok: boolean, atMs: Ms, tripped: boolean | null, mayHide: boolean): boolean {
    if (this.#doubt !== null) {
      this.#doubt = ok ? this.#doubt + 1 : 0;
      if (this.#doubt >= PROBES_MAX) this.#endDoubt(atMs);
      return true;
    }
    const trips = this.#record(ok, atMs);
    if (mayHide && (trips & TRIPS) !== 0) this.#doubt = 0;
    if (this.#hidesInFog(ok) || tripped === null) return true;
    // Some rules are looked at on failures only.
    if (ok && !tripped) return true;
    return (trips & (tripped ? TRIPS : HOLDS)) !== 0;
  }

  /** It is closed by now; what it has counted meanwhile is not known. */
  #endDoubt(atMs: Ms): void {
    this.#doubt = null;
    this.#enterFog(ANY, atMs);
  }

  /** So many outcomes at most, until then, may have been counted or not. */
  #enterFog(outcomes: number, endMs: Ms): void {
    if (this.#rule instanceof BlurredWindow)
      this.#rule.blur(outcomes, endMs, clears(this.hypothesis.onClose));
    else this.#fog = { outcomes: 0, surplus: 0 };
  }

  /** Whether what was counted before still matters; the outcome is the latest one. */
  #hidesInFog(ok: boolean): boolean {
    const fog = this.#fog;
    if (fog === null) return false;
    fog.outcomes++;
    fog.surplus += ok ? 1 : -1;
    const { rule } = this.hypothesis;
    const isGone =
      rule.kind === 'consecutive'
        ? ok
        : rule.kind === 'leaky'
          ? fog.surplus >= rule.failures + (this.hypothesis.onClose === 'clears' ? 0 : KEPT_MAX)
          : 'windowCalls' in rule && fog.outcomes >= rule.windowCalls;
    if (!isGone) return true;
    if (rule.kind === 'leaky') this.#rule.reset();
    this.#fog = null;
    return true; // the last one that the fog hides
  }

  #record(ok: boolean, atMs: Ms): number {
    return toldBy(this.#rule, ok, atMs);
  }
}

/** What it may do at an outcome: `TRIPS`, `HOLDS` or both. */
function toldBy(rule: Rule | BlurredWindow, ok: boolean, atMs: Ms): number {
  const told = rule.record(ok, atMs);
  return typeof told === 'number' ? told : told ? TRIPS : HOLDS;
}
