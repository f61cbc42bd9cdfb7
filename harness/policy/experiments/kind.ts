/** Which kind of breaker: runs the sequence that tells most, again and again, until nothing more can be told. */
import { ASKED_MAX, type Hypothesis, hypothesesFor, mostTelling, type Sequence, surviving } from '../kind.ts';
import type { Lab } from '../lab.ts';
import type { Trip } from './trip.ts';

const NAME = 'sequences of good and failed calls that rival rules predict differently';
const EXPERIMENTS_MAX = 24;
/** So many hypotheses can all be asked before it is said that none of them can be told from the others. */
const ALL_ASKED_MAX = 4_000;

export async function kind(
  lab: Lab,
  shape: Trip['shape'],
  tripCalls: number,
  openMs: number,
  budgetMs: number,
): Promise<string> {
  const untilMs = lab.bench.now() + budgetMs;
  let left = hypothesesFor(lab.story(), lab.attemptsOfFailure === 1 ? ['calls'] : ['calls', 'attempts']);
  const ran: string[] = [];
  let isExhausted = false;
  const costs = {
    okMs: lab.healthyMs + 3,
    failMs: lab.failureMs + 3,
    recoveryMs: openMs * 1.1 + 10 * (lab.healthyMs + 3),
  };
  while (left.length > 1 && ran.length < EXPERIMENTS_MAX && lab.bench.now() < untilMs) {
    const pauseMsMax = Math.min(lab.limits.pauseMsMax, (untilMs - lab.bench.now()) / 2);
    const tell = (askedMax?: number) =>
      mostTelling(left, lab.story(), tripCalls, lab.attemptsOfFailure, pauseMsMax, costs, ran, askedMax);
    // What a sample agrees on need not hold for all.
    const next = tell() ?? (left.length > ASKED_MAX ? tell(ALL_ASKED_MAX) : null);
    if (next === null) {
      isExhausted = left.length <= ALL_ASKED_MAX;
      break;
    }
    await run(lab, shape, next.sequence);
    await lab.restore();
    ran.push(next.name);
    left = surviving(left, lab.story());
  }
  conclude(lab, left, ran.length + 1, tripCalls, isExhausted);
  return left.length === 0
    ? `no known kind does what was seen in ${ran.length + 1} experiments`
    : `${ran.length} more experiments: ${ran.join('; ')}`;
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

/** What all that are left agree on is known; where kinds cannot be told apart by any sequence, the simplest stands for them. */
function conclude(
  lab: Lab,
  left: readonly Hypothesis[],
  observations: number,
  tripCalls: number,
  isExhausted: boolean,
): void {
  const evidence = { observations, experiment: NAME };
  const parameters = [
    'breaker.failures',
    'breaker.windowCalls',
    'breaker.windowMs',
    'breaker.minimumCalls',
    'breaker.failureRate',
  ] as const;
  if (left.length === 0) {
    const why = 'no kind that is known does what was seen; other traffic may have moved it';
    for (const name of ['breaker.kind', 'breaker.counts', ...parameters] as const) lab.dontKnow(name, why);
    return;
  }
  const units = new Set(left.map(({ unit }) => unit));
  if (lab.attemptsOfFailure > 1 && units.size === 1)
    lab.know('breaker.counts', [...units][0] ?? '', evidence);
  const simplest = simplestOf(left, isExhausted);
  if (simplest === null) {
    const why = `more than one kind does what was seen: ${[...new Set(left.map(({ rule }) => rule.kind))].join(', ')}`;
    for (const name of ['breaker.kind', ...parameters] as const) lab.dontKnow(name, why);
    if (tripCalls > 0)
      lab.dontKnow('breaker.failures', `${why}; from clean, ${tripCalls} failed calls tripped it`);
    return;
  }
  lab.know('breaker.kind', simplest, evidence);
  const same = left.filter(({ rule }) => rule.kind === simplest).map(({ rule }) => rule);
  const range = (
    name: (typeof parameters)[number],
    of: (rule: (typeof same)[number]) => number | null,
  ): void => {
    const values = same.map(of).filter((value) => value !== null);
    if (values.length === 0) return;
    const [low, high] = [Math.min(...values), Math.max(...values)];
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
  range('breaker.failures', (rule) => ('failures' in rule ? rule.failures : null));
  range('breaker.windowCalls', (rule) => (rule.kind === 'count-window' ? rule.windowCalls : null));
  range('breaker.windowMs', (rule) => ('windowMs' in rule ? rule.windowMs : null));
  range('breaker.minimumCalls', (rule) => ('minimumCalls' in rule ? rule.minimumCalls : null));
  range('breaker.failureRate', (rule) => ('rate' in rule ? rule.rate : null));
}

/** The kind of all that are left; or consecutive, where no sequence that could be run tells the others from it. */
function simplestOf(left: readonly Hypothesis[], isExhausted: boolean): Hypothesis['rule']['kind'] | null {
  const kinds = new Set(left.map(({ rule }) => rule.kind));
  if (kinds.size === 1) return left[0]?.rule.kind ?? null;
  return isExhausted && kinds.has('consecutive') ? 'consecutive' : null;
}
