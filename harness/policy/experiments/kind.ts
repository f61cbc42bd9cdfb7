/** Which kind of breaker: runs the sequence that tells most, again and again, until nothing more can be told. */
import type { Ms } from '../../model/time.ts';
import { hypothesesFor } from '../kind.ts';
import type { Lab } from '../lab.ts';
import { VersionSpace } from '../replay.ts';
import {
  ASKED_MAX,
  hintsOf,
  mostDoubtful,
  mostTelling,
  type Situation,
  WINDOWS_ALIKE,
} from '../sequences.ts';
import { type Costs, clears, type Hypothesis, type Sequence, type Unit } from '../story.ts';
import type { Trip } from './trip.ts';

const NAME = 'sequences of good and failed calls that rival rules predict differently';
const EXPERIMENTS_MAX = 24;
/** So many hypotheses can all be asked before it is said that none of them can be told from the others. */
const ALL_ASKED_MAX = 1_000;
/** Trips on purpose, so that sequences begin with an empty window. */
const FRESH_STARTS_MAX = 3;
/** Runs that those left must pass at the end. */
const CONFIRMATIONS = 3;
/** Share of the time that is kept for them. */
const CONFIRM_SHARE = 0.2;

/** Calls that are well after which no window of calls holds anything else, and no counter that a close leaves. */
export const CLEARING_CALLS = 120;
/** They take no more of the time. */
const CLEAR_UP_SHARE = 0.15;

/** Of the time that is left a pause takes no more. */
const PAUSE_SHARE = 0.8;
/** Where it is all that is left to try. */
const LONE_PAUSE_SHARE = 0.95;

/** Rules that could have done all that was seen. */
interface Rivals {
  left: readonly Hypothesis[];
  observations: number;
  /** Failed calls that tripped it from clean. */
  tripCalls: number;
  /** No sequence that was affordable tells them apart. */
  isExhausted: boolean;
}

/** A search that may go on later, with time that other experiments have left over. */
export class KindSearch {
  readonly #lab: Lab;
  readonly #shape: Trip['shape'];
  readonly #tripCalls: number;
  readonly #costs: Costs;
  readonly #first: readonly Hypothesis[];
  readonly #space: VersionSpace;
  #ran: string[] = [];
  #tried: string[] = [];
  #freshStarts = 0;
  #isExhausted = false;

  /** @param units what it may count */
  constructor(lab: Lab, shape: Trip['shape'], tripCalls: number, openMs: Ms, units: readonly Unit[]) {
    this.#lab = lab;
    this.#shape = shape;
    this.#tripCalls = tripCalls;
    this.#first = hypothesesFor(lab.story(), units);
    this.#space = new VersionSpace(this.#first);
    this.#costs = {
      okMs: lab.facts.healthyMs + 3,
      failMs: lab.facts.failureMs + 3,
      recoveryMs: openMs * 1.1 + 10 * (lab.facts.healthyMs + 3),
    };
  }

  get #rivals(): Rivals {
    return {
      left: this.#space.left,
      observations: this.#ran.length + 1,
      tripCalls: this.#tripCalls,
      isExhausted: this.#isExhausted,
    };
  }

  /** Whether there is more to tell. */
  get isOpen(): boolean {
    return this.#space.size > 1;
  }

  /** Runs what tells most, for so long. */
  async run(budgetMs: Ms): Promise<string> {
    const { bench } = this.#lab;
    const before = this.#ran.length;
    this.#isExhausted = false;
    // Where only a window is left to tell, a longer pause tells more than a test of what is told already.
    const confirmShare = this.#onlyWindowsDiffer ? CONFIRM_SHARE / 4 : CONFIRM_SHARE;
    const untilMs = bench.now() + budgetMs * (1 - confirmShare);
    await this.#clearUp(budgetMs);
    this.#space.learn(this.#lab.story());
    while (this.#space.size > 1 && this.#ran.length - before < EXPERIMENTS_MAX && bench.now() < untilMs)
      if (!(await this.#tell(untilMs))) break;
    await this.#confirm(bench.now() + budgetMs * confirmShare);
    conclude(this.#lab, this.#rivals);
    const ran = this.#ran.slice(before);
    return this.#space.size === 0
      ? `no known kind does what was seen in ${this.#ran.length + 1} experiments`
      : `${ran.length} more experiments: ${ran.join('; ')}`;
  }

  get #onlyWindowsDiffer(): boolean {
    const restOf = ({ rule, unit }: Hypothesis): string | null =>
      'windowMs' in rule ? JSON.stringify({ ...rule, unit, windowMs: 0 }) : null;
    const { left } = this.#space;
    const rest = left[0] === undefined ? null : restOf(left[0]);
    return rest !== null && left.every((one) => restOf(one) === rest);
  }

  /** Counts these only, as is known from elsewhere. */
  keep(unit: Unit): void {
    const { left } = this.#space;
    const kept = left.filter((one) => one.unit === unit);
    if (kept.length === 0 || kept.length === left.length) return;
    this.#space.keep((one) => one.unit === unit);
    conclude(this.#lab, this.#rivals);
  }

  /** Where it is not known what they have counted, calls that are well leave little of it. */
  async #clearUp(budgetMs: Ms): Promise<void> {
    const left = this.#space.at(this.#lab.story());
    if (!left.some(({ isInFog }) => isInFog)) return;
    if (CLEARING_CALLS * this.#costs.okMs > CLEAR_UP_SHARE * budgetMs) return;
    await this.#lab.restore(CLEARING_CALLS);
  }

  /** One sequence; false: none tells anything. */
  async #tell(untilMs: Ms): Promise<boolean> {
    const left = this.#space.at(this.#lab.story());
    const situation = this.#situation(untilMs, this.#tried);
    const tell = (askedMax?: number) => mostTelling(left, situation, askedMax);
    // What a sample agrees on need not hold for all.
    const isFew = left.length > ASKED_MAX && left.length <= ALL_ASKED_MAX;
    const next =
      tell() ??
      (isFew ? tell(ALL_ASKED_MAX) : null) ??
      mostTelling(left, { ...situation, hints: { ...situation.hints, isAboutTime: true } });
    if (next !== null) {
      await this.#try(next);
      this.#tried.push(next.name);
      return true;
    }
    // With longer pauses there would be one: it is time that lacks, and no other sequence makes up for it.
    const isTimeShort = mostTelling(left, this.#situation(Number.POSITIVE_INFINITY, this.#tried)) !== null;
    const hasSimplest = left.some(({ hypothesis }) => hypothesis.rule.kind === 'consecutive');
    const isUnclear = left.every(({ isInFog }) => isInFog);
    // Where all of a window must have failed it looks like so many in a row, until it begins with an empty one.
    const isDone = hasSimplest && this.#freshStarts > 0;
    const isWorthIt = isUnclear || (!isDone && !isTimeShort && !areOne(left.map((one) => one.hypothesis)));
    const freshMs = 3 * this.#tripCalls * this.#costs.failMs + this.#costs.recoveryMs;
    const hasTime = this.#lab.bench.now() + freshMs < untilMs;
    if (isWorthIt && this.#freshStarts < FRESH_STARTS_MAX && hasTime) {
      // From a window full of what went before they all do the same: from an empty one they may not.
      this.#freshStarts++;
      this.#tried = [];
      await run(
        this.#lab,
        this.#shape,
        Array(3 * this.#tripCalls).fill({ failures: Number.POSITIVE_INFINITY }),
      );
      await this.#lab.restore();
      this.#space.learn(this.#lab.story());
      return true;
    }
    const isClear = left.every(({ isInFog }) => !isInFog);
    this.#isExhausted = !isTimeShort && isDone && isClear && left.length <= ALL_ASKED_MAX;
    return false;
  }

  async #confirm(untilMs: Ms): Promise<void> {
    for (let i = 0; i < CONFIRMATIONS && this.#space.size > 0 && this.#lab.bench.now() < untilMs; i++) {
      const left = this.#space.at(this.#lab.story());
      const next = mostDoubtful(left, this.#first, this.#situation(untilMs, this.#ran));
      if (next === null) break;
      await this.#try(next);
    }
  }

  async #try({ name, sequence }: { name: string; sequence: Sequence }): Promise<void> {
    await run(this.#lab, this.#shape, sequence);
    await this.#lab.restore();
    this.#ran.push(name);
    this.#space.learn(this.#lab.story());
  }

  #situation(untilMs: Ms, ran: readonly string[]): Situation {
    const { bench, limits, facts } = this.#lab;
    const isPatient = this.#onlyWindowsDiffer;
    const leftMs = untilMs - bench.now();
    return {
      story: this.#lab.story(),
      tripCalls: this.#tripCalls,
      attemptsOfFailure: facts.attemptsOfFailure,
      pauseMsMax: Math.min(limits.pauseMsMax, leftMs * (isPatient ? LONE_PAUSE_SHARE : PAUSE_SHARE)),
      leftMs,
      costs: this.#costs,
      ran,
      hints: hintsOf(this.#space.left, this.#costs.recoveryMs),
      isPatient,
    };
  }
}

/** Runs a sequence to its end or to the trip. */
async function run(lab: Lab, shape: Trip['shape'], sequence: Sequence): Promise<void> {
  let armed: number | null = null;
  for (const step of sequence) {
    if ('pauseMs' in step) {
      await lab.bench.wait(step.pauseMs);
      continue;
    }
    // Armed for a number of attempts it is used up by them, and has to be armed anew.
    const isPartial = step.failures > 0 && Number.isFinite(step.failures);
    if (step.failures !== armed || isPartial) {
      if (step.failures === 0) await lab.bench.heal();
      else await lab.arm(shape, isPartial ? step.failures : undefined);
      armed = step.failures;
    }
    const call = await lab.call();
    if (call.attempts.length === 0) return;
  }
}

const PARAMETERS = [
  'breaker.failures',
  'breaker.windowCalls',
  'breaker.windowMs',
  'breaker.minimumCalls',
  'breaker.failureRate',
] as const;

/** What all that are left agree on is known; where kinds cannot be told apart by any sequence, the simplest stands for them. */
function conclude(lab: Lab, { left, observations, tripCalls, isExhausted }: Rivals): void {
  const evidence = { observations, experiment: NAME };
  if (left.length === 0) {
    const why = 'no kind that is known does what was seen; other traffic may have moved it';
    for (const name of ['breaker.kind', 'breaker.counts', ...PARAMETERS] as const) lab.dontKnow(name, why);
    return;
  }
  const units = new Set(left.map(({ unit }) => unit));
  if (lab.facts.attemptsOfFailure > 1 && units.size === 1)
    lab.know('breaker.counts', [...units][0] ?? '', evidence);
  const kinds = new Set(
    [...units].map((unit) =>
      simplestOf(
        left.filter((one) => one.unit === unit),
        isExhausted,
      ),
    ),
  );
  const [simplest = null] = kinds;
  if (simplest === null || kinds.size > 1) {
    const why = `more than one kind does what was seen: ${[...new Set(left.map(({ rule }) => rule.kind))].join(', ')}`;
    for (const name of ['breaker.kind', ...PARAMETERS] as const) lab.dontKnow(name, why);
    if (tripCalls > 0)
      lab.dontKnow('breaker.failures', `${why}; from clean, ${tripCalls} failed calls tripped it`);
    return;
  }
  lab.know('breaker.kind', simplest, evidence);
  const same = left.filter((one) => one.rule.kind === simplest);
  const range = (
    name: (typeof PARAMETERS)[number],
    of: (hypothesis: Hypothesis) => { low: number; high: number } | null,
  ): void => {
    const values = same.map(of).filter((value) => value !== null);
    if (values.length === 0) return;
    const low = Math.min(...values.map((value) => value.low));
    const high = Math.max(...values.map((value) => value.high));
    if (units.size > 1 && lab.facts.attemptsOfFailure > 1)
      lab.dontKnow(name, 'whether calls or attempts are counted is not told');
    else if (!Number.isFinite(high) || (name === 'breaker.windowMs' && high > low * WINDOWS_ALIKE))
      lab.dontKnow(
        name,
        Number.isFinite(low)
          ? `at least ${low}; longer pauses were not tried`
          : 'there is none that was seen',
      );
    else if (name === 'breaker.windowCalls' && high > low * 1.5) lab.dontKnow(name, `from ${low} to ${high}`);
    else
      lab.know(name, (low + high) / 2, {
        low: name === 'breaker.windowMs' ? low * 0.8 : low,
        high,
        ...evidence,
      });
  };
  const exactly = (value: number): { low: number; high: number } => ({ low: value, high: value });
  range('breaker.failures', ({ rule }) => ('failures' in rule ? exactly(rule.failures) : null));
  range('breaker.windowCalls', ({ rule }) => ('windowCalls' in rule ? exactly(rule.windowCalls) : null));
  range('breaker.windowMs', ({ rule }) => ('windowMs' in rule ? exactly(rule.windowMs) : null));
  range('breaker.minimumCalls', ({ rule }) => ('minimumCalls' in rule ? exactly(rule.minimumCalls) : null));
  range('breaker.failureRate', ({ rule, rates }) => {
    if (rates !== undefined) return rates;
    return 'rate' in rule ? exactly(rule.rate) : null;
  });
}

/** The kind of all, which count the same unit; or consecutive, where the others left are the same rule in other words. */
function simplestOf(left: readonly Hypothesis[], isExhausted: boolean): string | null {
  const kinds = new Set(left.map(({ rule }) => rule.kind));
  if (kinds.size === 1) return [...kinds][0] ?? null;
  const consecutive = left.find(({ rule }) => rule.kind === 'consecutive')?.rule;
  if (consecutive?.kind !== 'consecutive') return null;
  // No sequence that could be run tells them apart.
  if (isExhausted) return 'consecutive';
  return areOne(left) ? 'consecutive' : null;
}

/** Whether all are so many in a row, in other words. */
function areOne(left: readonly Hypothesis[]): boolean {
  const consecutive = left.find(({ rule }) => rule.kind === 'consecutive')?.rule;
  if (consecutive?.kind !== 'consecutive') return false;
  const isSame = ({ rule, onClose }: Hypothesis): boolean =>
    rule.kind === 'consecutive' ||
    // All of the last n failed, and at least n: n in a row.
    (rule.kind === 'failures-in-calls' && rule.windowCalls === rule.failures) ||
    (rule.kind === 'count-window' &&
      rule.windowCalls === consecutive.failures &&
      // With fewer it would trip sooner from an empty window; where a close leaves its probe there, it is never empty.
      (rule.minimumCalls === rule.windowCalls ||
        onClose === 'clears-but-probe' ||
        onClose === 'keeps-with-probes') &&
      rule.rate * rule.windowCalls > consecutive.failures - 1 + (rule.strict ? -1e-9 : 1e-9)) ||
    // With thresholds of 1 and 2 one success takes back all there is, unless a close leaves what tripped it.
    (rule.kind === 'leaky' && consecutive.failures <= (clears(onClose) ? 2 : 1)) ||
    consecutive.failures === 1;
  return left.every(isSame);
}
