/** Which kind of breaker: runs the sequence that tells most, again and again, until nothing more can be told. */
import { hypothesesFor } from '../kind.ts';
import type { Lab } from '../lab.ts';
import { surviving } from '../replay.ts';
import { ASKED_MAX, mostDoubtful, mostTelling, type Situation } from '../sequences.ts';
import type { Hypothesis, Sequence, Unit } from '../story.ts';
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

/** Rules that could have done all that was seen. */
export interface Rivals {
  left: readonly Hypothesis[];
  observations: number;
  /** Failed calls that tripped it from clean. */
  tripCalls: number;
  /** No sequence that was affordable tells them apart. */
  isExhausted: boolean;
}

export async function kind(
  lab: Lab,
  shape: Trip['shape'],
  tripCalls: number,
  openMs: number,
  budgetMs: number,
): Promise<{ says: string; rivals: Rivals }> {
  const untilMs = lab.bench.now() + budgetMs * (1 - CONFIRM_SHARE);
  const first = hypothesesFor(lab.story(), lab.attemptsOfFailure === 1 ? ['calls'] : ['calls', 'attempts']);
  let left = first;
  const ran: string[] = [];
  let tried: string[] = [];
  let freshStarts = 0;
  let isExhausted = false;
  const costs = {
    okMs: lab.healthyMs + 3,
    failMs: lab.failureMs + 3,
    recoveryMs: openMs * 1.1 + 10 * (lab.healthyMs + 3),
  };
  const situation = (until: number, names: readonly string[]): Situation => ({
    story: lab.story(),
    tripCalls,
    attemptsOfFailure: lab.attemptsOfFailure,
    pauseMsMax: Math.min(lab.limits.pauseMsMax, (until - lab.bench.now()) / 2),
    costs,
    ran: names,
  });
  while (left.length > 1 && ran.length < EXPERIMENTS_MAX && lab.bench.now() < untilMs) {
    const tell = (askedMax?: number) => mostTelling(left, situation(untilMs, tried), askedMax);
    // What a sample agrees on need not hold for all.
    const next =
      tell() ?? (left.length > ASKED_MAX && left.length <= ALL_ASKED_MAX ? tell(ALL_ASKED_MAX) : null);
    const hasSimplest = left.some(({ rule }) => rule.kind === 'consecutive');
    const freshMs = 3 * tripCalls * costs.failMs + costs.recoveryMs;
    const hasTime = lab.bench.now() + freshMs < untilMs;
    if (next === null && !hasSimplest && freshStarts < FRESH_STARTS_MAX && hasTime) {
      // From a window full of what went before they all do the same: from an empty one they may not.
      freshStarts++;
      tried = [];
      await run(lab, shape, Array(3 * tripCalls).fill({ failures: Number.POSITIVE_INFINITY }));
      await lab.restore();
      left = surviving(left, lab.story());
      continue;
    }
    if (next === null) {
      isExhausted = left.length <= ALL_ASKED_MAX;
      break;
    }
    await run(lab, shape, next.sequence);
    await lab.restore();
    ran.push(next.name);
    tried.push(next.name);
    left = surviving(left, lab.story());
  }
  const confirmUntilMs = lab.bench.now() + budgetMs * CONFIRM_SHARE;
  for (let i = 0; i < CONFIRMATIONS && left.length > 0 && lab.bench.now() < confirmUntilMs; i++) {
    const next = mostDoubtful(left, first, situation(confirmUntilMs, ran));
    if (next === null) break;
    await run(lab, shape, next.sequence);
    await lab.restore();
    ran.push(next.name);
    left = surviving(left, lab.story());
  }
  const rivals = { left, observations: ran.length + 1, tripCalls, isExhausted };
  conclude(lab, rivals);
  const says =
    left.length === 0
      ? `no known kind does what was seen in ${ran.length + 1} experiments`
      : `${ran.length} more experiments: ${ran.join('; ')}`;
  return { says, rivals };
}

/** Concludes anew when it is known from elsewhere whether calls or attempts are counted. */
export function concludeFor(lab: Lab, unit: Unit, rivals: Rivals): void {
  const left = rivals.left.filter((one) => one.unit === unit);
  if (left.length > 0 && left.length < rivals.left.length) conclude(lab, { ...rivals, left });
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
  if (lab.attemptsOfFailure > 1 && units.size === 1)
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
    if (units.size > 1 && lab.attemptsOfFailure > 1)
      lab.dontKnow(name, 'whether calls or attempts are counted is not told');
    else if (!Number.isFinite(high) || (name === 'breaker.windowMs' && high > low * 2.1))
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
  const isSame = ({ rule }: Hypothesis): boolean =>
    rule.kind === 'consecutive' ||
    // All of the last n failed, and at least n: n in a row.
    (rule.kind === 'failures-in-calls' && rule.windowCalls === rule.failures) ||
    (rule.kind === 'count-window' &&
      rule.windowCalls === consecutive.failures &&
      rule.rate * rule.windowCalls > consecutive.failures - 1 + (rule.strict ? -1e-9 : 1e-9)) ||
    // With thresholds of 1 and 2, one success takes back all there is.
    (rule.kind === 'leaky' && consecutive.failures <= 2) ||
    consecutive.failures === 1;
  return left.every(isSame) ? 'consecutive' : null;
}
