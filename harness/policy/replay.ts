/** Whether a hypothesis could have done what was seen, and what it would do next. */
import type { Ms } from '../model/time.ts';
import { BlurredWindow, type Rule, ruleOf } from './rules.ts';
import type { Costs, Hypothesis, Seen, Sequence } from './story.ts';

/** Windows in buckets are shorter by up to a bucket (five is the fewest that are known from the field). */
const BUCKET_SHARE = 0.2;

/** Those that agree with everything seen. */
export function surviving(hypotheses: readonly Hypothesis[], story: readonly Seen[]): Hypothesis[] {
  return hypotheses.filter((hypothesis) => new Replay(hypothesis).agrees(story));
}

/** A hypothesis living through what was seen. */
export class Replay {
  readonly #hypothesis: Hypothesis;
  readonly #rule: Rule | BlurredWindow;
  /** What has come since the fog, until the rule has forgotten what was before; null: there is none. */
  #fog: { sinceMs: Ms; outcomes: number; surplus: number } | null = null;
  #lastMs: Ms = 0;

  constructor(hypothesis: Hypothesis) {
    this.#hypothesis = hypothesis;
    const { rule } = hypothesis;
    this.#rule =
      'windowMs' in rule && Number.isFinite(rule.windowMs)
        ? new BlurredWindow(rule, rule.windowMs * (1 - BUCKET_SHARE))
        : ruleOf(rule);
  }

  agrees(story: readonly Seen[]): boolean {
    return story.every((seen) => this.#agreesWith(seen));
  }

  /** Takes in all of it, whether it agrees or not. */
  liveThrough(story: readonly Seen[]): void {
    for (const seen of story) this.#agreesWith(seen);
  }

  /**
   * How many attempts into a sequence it trips, from where the story has left it; `none`: not at all;
   * `either`: its window is in buckets, and it depends on where they begin.
   */
  predict(sequence: Sequence, attemptsOfFailure: number, costs: Costs, fromMs: Ms): string {
    const rule = this.#rule.clone();
    let nowMs = fromMs + costs.okMs;
    let attempts = 0;
    const trips = (ok: boolean): boolean | null => {
      const told = [rule.record(ok, nowMs)].flat();
      return told.length > 1 ? null : (told[0] ?? false);
    };
    for (const step of sequence) {
      if ('pauseMs' in step) {
        nowMs += step.pauseMs;
        continue;
      }
      const failures = Math.min(step.failures, attemptsOfFailure);
      const isOk = failures < attemptsOfFailure;
      nowMs += failures === 0 ? costs.okMs : costs.failMs;
      const outcomes =
        this.#hypothesis.unit === 'calls'
          ? [isOk]
          : Array.from({ length: failures + (isOk ? 1 : 0) }, (_, i) => i >= failures);
      if (this.#hypothesis.unit === 'calls') attempts += failures + (isOk ? 1 : 0) - 1;
      for (const ok of outcomes) {
        attempts++;
        const tripped = trips(ok);
        if (tripped === null) return 'either';
        if (tripped) return `${attempts}`;
      }
    }
    return 'none';
  }

  #agreesWith(seen: Seen): boolean {
    const { unit, onClose } = this.#hypothesis;
    switch (seen.what) {
      case 'closed':
        if (onClose === 'clears' || onClose === 'clears-but-probe') {
          this.#rule.reset();
          this.#fog = null;
          if (onClose === 'clears-but-probe') this.#record(true, this.#lastMs);
        }
        return true;
      case 'rejected':
        if (onClose === 'keeps-all') this.#record(true, seen.endMs);
        return true;
      case 'fog':
        this.#fog = { sinceMs: Number.NaN, outcomes: 0, surplus: 0 };
        return true;
      case 'surplus':
        if (this.#hypothesis.countsSurplus)
          for (let i = 0; i < seen.count; i++) this.#record(true, seen.endMs);
        return true;
      case 'call': {
        this.#lastMs = seen.endMs;
        if (seen.isProbe && onClose !== 'keeps-with-probes' && onClose !== 'keeps-all') return true;
        if (unit === 'calls') {
          if (seen.cutShort) return false; // it counts when a call is over, and this one was not
          return this.#fits(seen.ok, seen.endMs, seen.isProbe ? null : seen.tripped);
        }
        return seen.attempts.every(({ ok, endMs }, i) =>
          this.#fits(ok, endMs, seen.isProbe ? null : i === seen.attempts.length - 1 ? seen.tripped : false),
        );
      }
    }
  }

  #fits(ok: boolean, atMs: Ms, tripped: boolean | null): boolean {
    const trips = this.#record(ok, atMs);
    if (this.#isInFog(ok, atMs) || tripped === null) return true;
    // Some rules are looked at on failures only.
    if (ok && !tripped) return true;
    return trips.includes(tripped);
  }

  /** Whether what was counted before still matters; the outcome is the latest one. */
  #isInFog(ok: boolean, atMs: Ms): boolean {
    const fog = this.#fog;
    if (fog === null) return false;
    if (Number.isNaN(fog.sinceMs)) fog.sinceMs = atMs;
    fog.outcomes++;
    fog.surplus += ok ? 1 : -1;
    const { rule } = this.#hypothesis;
    const isGone =
      rule.kind === 'consecutive'
        ? ok
        : rule.kind === 'leaky'
          ? fog.surplus >= rule.failures
          : rule.kind === 'count-window' || rule.kind === 'failures-in-calls'
            ? fog.outcomes >= rule.windowCalls
            : atMs - fog.sinceMs > rule.windowMs;
    if (!isGone) return true;
    if (rule.kind === 'leaky') this.#rule.reset();
    this.#fog = null;
    return true; // the last one that the fog hides
  }

  #record(ok: boolean, atMs: Ms): boolean[] {
    return [this.#rule.record(ok, atMs)].flat();
  }
}
