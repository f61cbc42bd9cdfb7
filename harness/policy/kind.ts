/**
 * Tells kinds of breakers apart. Every rule that could have done what was seen is a hypothesis; each
 * experiment is chosen because the hypotheses left predict different outcomes of it, and those that
 * were wrong are dropped. What all that are left agree on is known, the rest is not.
 * (Version spaces: T. Mitchell, Artificial Intelligence 18, 1982.)
 */
import type { Ms } from '../model/time.ts';
import { BlurredWindow, type Rule, type RuleSpec, ruleOf } from './rules.ts';

/** One call of the target as the breaker may have counted it. */
export interface SeenCall {
  what: 'call';
  endMs: Ms;
  ok: boolean;
  attempts: readonly { ok: boolean; endMs: Ms }[];
  /** Silence began after its last attempt; null: what came after it does not tell. */
  tripped: boolean | null;
  /** Silence began inside it: fewer attempts than a failed call makes. */
  cutShort: boolean;
  /** A probe: it decides about closing, not about tripping. */
  isProbe: boolean;
}
/** What a breaker went through, in order. `fog`: several calls at once, of which the order is not known. */
export type Seen =
  | SeenCall
  | { what: 'rejected'; endMs: Ms }
  | { what: 'closed' }
  | { what: 'fog' }
  /** Good probes that were under way when it closed: some breakers count them, some do not. */
  | { what: 'surplus'; count: number; endMs: Ms };

export type Unit = 'calls' | 'attempts';
/**
 * What a close does to what was counted. `clears-but-probe`: the good probe that closed it is the first to count.
 * `keeps-all`: calls that were rejected while it was open count too, as calls that did not fail.
 */
export type OnClose = 'clears' | 'clears-but-probe' | 'keeps' | 'keeps-with-probes' | 'keeps-all';

export interface Hypothesis {
  rule: RuleSpec;
  unit: Unit;
  onClose: OnClose;
  countsSurplus: boolean;
  /** Rates within which a rule of shares does the same, whatever comes. */
  rates?: { low: number; high: number };
}

/** Windows in buckets are shorter by up to a bucket (five is the fewest that are known from the field). */
const BUCKET_SHARE = 0.2;
const WINDOW_CALLS_MAX = 100;
const MINIMUM_CALLS_MAX = 60;
/** Rates that people write: steps of 2.5 %, and thirds. */
const RATES = [...Array.from({ length: 40 }, (_, i) => (i + 1) * 0.025), 1 / 3, 2 / 3];
/** Each longer than the one before by less than a bucket, so that none falls between them: 0.2 s to 5 min. */
const WINDOWS_MS: readonly Ms[] = Array.from({ length: 42 }, (_, i) => Math.round(200 * 1.195 ** i));

/** Every hypothesis that can have tripped where the first trip was. */
export function hypothesesFor(
  story: readonly Seen[],
  units: readonly Unit[] = ['calls', 'attempts'],
): Hypothesis[] {
  const hasSurplus = story.some(({ what }) => what === 'surplus');
  const all: Hypothesis[] = [];
  for (const unit of units)
    for (const { rule, rates } of rulesFor(story, unit))
      for (const onClose of ON_CLOSE)
        for (const countsSurplus of hasSurplus ? [true, false] : [false])
          if (mayBe(onClose, rule))
            all.push({ rule, unit, onClose, countsSurplus, ...(rates === undefined ? {} : { rates }) });
  return surviving(all, story);
}

const ON_CLOSE: readonly OnClose[] = [
  'clears',
  'clears-but-probe',
  'keeps',
  'keeps-with-probes',
  'keeps-all',
];

/** Whether it makes a difference; rejected calls are known to count in rolling windows of time alone. */
function mayBe(onClose: OnClose, rule: RuleSpec): boolean {
  if (onClose === 'keeps-all') return rule.kind === 'time-window';
  // A success means nothing to a fresh rule that is not about shares or places in a window.
  return onClose !== 'clears-but-probe' || 'rate' in rule || rule.kind === 'failures-in-calls';
}

interface Candidate {
  rule: RuleSpec;
  rates?: { low: number; high: number };
}

function rulesFor(story: readonly Seen[], unit: Unit): Candidate[] {
  const outcomes = firstTrip(story, unit);
  if (outcomes === null) return [];
  const failures = outcomes.filter((ok) => !ok).length;
  const specs: RuleSpec[] = [];
  const shares = new Map<string, Required<Candidate>>();
  for (let n = 1; n <= failures; n++)
    specs.push({ kind: 'consecutive', failures: n }, { kind: 'leaky', failures: n });
  // Where the window is just large enough it reaches back to the first failure.
  const span = outcomes.length - outcomes.indexOf(false);
  for (let windowCalls = span; windowCalls <= WINDOW_CALLS_MAX; windowCalls++)
    specs.push({ kind: 'failures-in-calls', windowCalls, failures });
  for (const windowMs of [...WINDOWS_MS, Number.POSITIVE_INFINITY])
    specs.push({ kind: 'failures-in-time', windowMs, failures });
  for (const rate of RATES) {
    for (const strict of [false, true]) {
      for (let minimumCalls = 1; minimumCalls <= MINIMUM_CALLS_MAX; minimumCalls++) {
        if (tripsLast(outcomes, Number.POSITIVE_INFINITY, minimumCalls, rate, strict))
          for (const windowMs of WINDOWS_MS)
            specs.push({ kind: 'time-window', windowMs, minimumCalls, rate, strict });
        for (let windowCalls = minimumCalls; windowCalls <= WINDOW_CALLS_MAX; windowCalls++)
          if (tripsLast(outcomes, windowCalls, minimumCalls, rate, strict)) {
            const key = `${windowCalls} ${minimumCalls} ${tripsAt(windowCalls, minimumCalls, rate, strict)}`;
            const same = shares.get(key);
            if (same === undefined)
              shares.set(key, {
                rule: { kind: 'count-window', windowCalls, minimumCalls, rate, strict },
                rates: { low: rate, high: rate },
              });
            else {
              same.rates.low = Math.min(same.rates.low, rate);
              same.rates.high = Math.max(same.rates.high, rate);
            }
          }
      }
    }
  }
  return [...specs.map((rule) => ({ rule })), ...shares.values()];
}

/** How many failures it takes at each number of calls: rates for which these are the same are one rule. */
function tripsAt(windowCalls: number, minimumCalls: number, rate: number, strict: boolean): string {
  const least: number[] = [];
  for (let total = minimumCalls; total <= windowCalls; total++)
    least.push(Math.max(1, strict ? Math.floor(rate * total + 1e-9) + 1 : Math.ceil(rate * total - 1e-9)));
  return least.join();
}

/** Outcomes up to the first trip; null: there was none, or calls ran at once before it. */
function firstTrip(story: readonly Seen[], unit: Unit): boolean[] | null {
  const outcomes: boolean[] = [];
  for (const seen of story) {
    if (seen.what === 'rejected') continue;
    if (seen.what !== 'call') return null;
    outcomes.push(...(unit === 'calls' ? [seen.ok] : seen.attempts.map(({ ok }) => ok)));
    if (seen.tripped === true) return outcomes;
  }
  return null;
}

/** Whether a share among the last calls is first exceeded at the last outcome; much faster than a rule. */
function tripsLast(
  outcomes: readonly boolean[],
  windowCalls: number,
  minimumCalls: number,
  rate: number,
  strict: boolean,
): boolean {
  let failed = 0;
  for (let i = 0; i < outcomes.length; i++) {
    if (outcomes[i] === false) failed++;
    if (i >= windowCalls && outcomes[i - windowCalls] === false) failed--;
    if (outcomes[i] === true) continue;
    const total = Math.min(i + 1, windowCalls);
    const over = failed / total - rate;
    const trips = total >= minimumCalls && (strict ? over > 1e-9 : over >= -1e-9);
    if (trips !== (i === outcomes.length - 1)) return false;
  }
  return true;
}

/** Those that agree with everything seen. */
export function surviving(hypotheses: readonly Hypothesis[], story: readonly Seen[]): Hypothesis[] {
  return hypotheses.filter((hypothesis) => new Replay(hypothesis).agrees(story));
}

/** A hypothesis living through what was seen. */
class Replay {
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

function lastMs(story: readonly Seen[]): Ms {
  return story.findLast((seen) => seen.what === 'call')?.endMs ?? 0;
}

/** A step: a call whose first so many attempts fail (Infinity: all), or a pause. */
export type Step = { failures: number } | { pauseMs: Ms };
export type Sequence = readonly Step[];
/** What calls and waiting cost, in ms. */
export interface Costs {
  okMs: Ms;
  failMs: Ms;
  /** From a trip to closed again. */
  recoveryMs: Ms;
}

const F: Step = { failures: Number.POSITIVE_INFINITY };
const S: Step = { failures: 0 };
const times = (count: number, ...steps: Step[]): Step[] => Array.from({ length: count }, () => steps).flat();
const FAILURES_MAX = 60;

/** Sequences worth running. `tripCalls`: failed calls that tripped it from clean. */
export function candidates(
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
): { name: string; sequence: Sequence }[] {
  const n = tripCalls;
  const all: { name: string; sequence: Sequence }[] = [];
  const add = (name: string, sequence: Sequence): number => all.push({ name, sequence });
  for (const k of [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 65, 90])
    add(`${k} well, then failures`, [...times(k, S), ...times(Math.min(FAILURES_MAX, 3 * n + 3 * k + 3), F)]);
  if (n > 1)
    add(`${n - 1} failures and one well, again and again`, [
      ...times(4, ...times(n - 1, F), S),
      ...times(n - 1, F),
    ]);
  // Fewer failures than trip it, but a large share of few calls.
  for (const k of [1, 2, 3, 4, 5])
    if (n > 3) add(`${n - 2} failures, ${k} well, a failure`, [...times(n - 2, F), ...times(k, S), F, S]);
  add('failure and well in turn', times(Math.min(30, 2 * n + 4), F, S));
  add('two well and a failure in turn', times(Math.min(20, 2 * n + 4), S, S, F));
  for (const k of [1, 2, 4, 8, 16, 32, 64, 95])
    if (n > 1) add(`${n - 1} failures, ${k} well, a failure`, [...times(n - 1, F), ...times(k, S), F]);
  for (let failures = 1; failures < attemptsOfFailure; failures++)
    add(`calls that are well after ${failures} failures`, times(n + 3, { failures }));
  for (const pauseMs of PAUSES_MS) {
    if (pauseMs > pauseMsMax) break;
    for (let failures = 1; failures < attemptsOfFailure; failures++)
      add(`a call that is well after ${failures} failures, ${pauseMs} ms, failures`, [
        { failures },
        { pauseMs },
        ...times(n + 2, F),
      ]);
    if (n > 1)
      add(`${n - 1} failures, ${pauseMs} ms, failures`, [
        ...times(n - 1, F),
        { pauseMs },
        ...times(Math.min(FAILURES_MAX, n + 3), F),
      ]);
    for (const k of [5, 10, 20])
      add(`${k} well, ${pauseMs} ms, failures`, [
        ...times(k, S),
        { pauseMs },
        ...times(Math.min(FAILURES_MAX, 3 * n + 2 * k + 3), F),
      ]);
  }
  return all;
}

const PAUSES_MS: readonly Ms[] = [
  300, 600, 1_200, 1_800, 2_500, 3_500, 5_000, 7_000, 9_000, 12_000, 18_000, 25_000,
];

/** How many hypotheses are asked for their predictions; of more, an even sample. */
export const ASKED_MAX = 120;
const AGREEING_MAX = 40;
/** A sequence that has been run so often tells nothing new. */
const REPEATS_MAX = 1;

/**
 * The sequence that tells most for its cost; null: all that are left predict the same of each.
 * @param story what they have lived through; those that disagree with it are asked all the same
 */
export function mostTelling(
  hypotheses: readonly Hypothesis[],
  story: readonly Seen[],
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
  costs: Costs,
  ran: readonly string[],
  askedMax: number = ASKED_MAX,
): { name: string; sequence: Sequence } | null {
  const asked = sample(hypotheses, askedMax);
  return mostTellingOf(asked, [], story, tripCalls, attemptsOfFailure, pauseMsMax, costs, ran);
}

/**
 * The sequence that would show best that none of those left is right: they agree on it, and rivals that have been
 * dropped did not. A breaker that none of them describes may have agreed with one of them by chance so far.
 */
export function mostDoubtful(
  left: readonly Hypothesis[],
  dropped: readonly Hypothesis[],
  story: readonly Seen[],
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
  costs: Costs,
  ran: readonly string[],
): { name: string; sequence: Sequence } | null {
  const agreeing = sample(left, AGREEING_MAX);
  const rivals = sample(dropped, ASKED_MAX);
  return mostTellingOf(rivals, agreeing, story, tripCalls, attemptsOfFailure, pauseMsMax, costs, ran);
}

/** @param agreeing only what these all predict the same of, and with certainty */
function mostTellingOf(
  asked: readonly Hypothesis[],
  agreeing: readonly Hypothesis[],
  story: readonly Seen[],
  tripCalls: number,
  attemptsOfFailure: number,
  pauseMsMax: Ms,
  costs: Costs,
  ran: readonly string[],
): { name: string; sequence: Sequence } | null {
  const weights = weightsOf(asked);
  const after = (hypothesis: Hypothesis): Replay => {
    const replay = new Replay(hypothesis);
    replay.liveThrough(story);
    return replay;
  };
  const replays = asked.map(after);
  const settled = agreeing.map(after);
  const fromMs = lastMs(story);
  let best: { name: string; sequence: Sequence } | null = null;
  let bestWorth = 0;
  for (const candidate of candidates(tripCalls, attemptsOfFailure, pauseMsMax)) {
    if (ran.filter((name) => name === candidate.name).length >= REPEATS_MAX) continue;
    // One experiment must not take the time of all.
    if (costOf(candidate.sequence, costs) > 2 * pauseMsMax) continue;
    const agreed = new Set(
      settled.map((replay) => replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs)),
    );
    if (agreed.size > 1 || agreed.has('either')) continue;
    const shares = new Map<string, number>();
    replays.forEach((replay, i) => {
      const predicted = replay.predict(candidate.sequence, attemptsOfFailure, costs, fromMs);
      if (predicted !== 'either') shares.set(predicted, (shares.get(predicted) ?? 0) + (weights[i] ?? 0));
    });
    if (shares.size < 2) continue;
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const tripShare = 1 - (shares.get('none') ?? 0) / total;
    const worth =
      entropy([...shares.values()]) / (costOf(candidate.sequence, costs) + tripShare * costs.recoveryMs);
    if (worth > bestWorth) [best, bestWorth] = [candidate, worth];
  }
  return best;
}

/** An even sample of each kind: of some there are thousands, of others three. */
function sample(all: readonly Hypothesis[], max: number): Hypothesis[] {
  if (all.length <= max) return [...all];
  const groups = [...Map.groupBy(all, keyOf).values()];
  const share = Math.ceil(max / groups.length);
  return groups.flatMap((group) =>
    group.length <= share
      ? group
      : Array.from({ length: share }, (_, i) => group[Math.floor((i * group.length) / share)] as Hypothesis),
  );
}

function keyOf({ rule, unit }: Hypothesis): string {
  return `${rule.kind} ${unit}`;
}

/** Each kind counts as much as another, however many parameters it has. */
function weightsOf(hypotheses: readonly Hypothesis[]): number[] {
  const counts = new Map<string, number>();
  for (const hypothesis of hypotheses)
    counts.set(keyOf(hypothesis), (counts.get(keyOf(hypothesis)) ?? 0) + 1);
  return hypotheses.map((hypothesis) => 1 / (counts.get(keyOf(hypothesis)) ?? 1) / counts.size);
}

function entropy(shares: readonly number[]): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  return -shares.reduce((sum, share) => sum + (share / total) * Math.log2(share / total), 0);
}

function costOf(sequence: Sequence, costs: Costs): Ms {
  return sequence.reduce(
    (sum, step) => sum + ('pauseMs' in step ? step.pauseMs : step.failures === 0 ? costs.okMs : costs.failMs),
    0,
  );
}
