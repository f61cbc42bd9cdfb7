/**
 * The plan: which experiment comes when, what it builds on, and what one hands to the next. It knows labs, and not
 * what stands on them or how many there are.
 */
import { QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { Ms } from '../model/time.ts';
import type { Shape } from './bench.ts';
import { baseline, warmUp } from './experiments/baseline.ts';
import { abandonment, bulkhead, fallback } from './experiments/edges.ts';
import { halfOpen } from './experiments/half-open.ts';
import { KindSearch } from './experiments/kind.ts';
import {
  isLeft,
  isUntried,
  type MatrixOptions,
  matrixRow,
  openMatrix,
  rowsThatShowRetries,
} from './experiments/matrix.ts';
import { openTime } from './experiments/open.ts';
import { rateLimit } from './experiments/rate.ts';
import {
  attemptsOf,
  gapsOf,
  moreRetries,
  retries,
  retriesAmongGood,
  retriesAtOnce,
  retriesElsewhere,
} from './experiments/retries.ts';
import { timeouts } from './experiments/timeouts.ts';
import { firstTrip, type Trip } from './experiments/trip.ts';
import { GOOD, unit } from './experiments/unit.ts';
import type { Lab } from './lab.ts';
import { share, type Task } from './lanes.ts';
import type { Series } from './notebook.ts';
import { HIDING_SHARE, type Unit } from './story.ts';

/** The whole must be over within 25 · (open duration + timeout) + 20 s; where nobody gives up, our patience stands for the timeout. */
const BUDGET_FACTOR = 25;
const BUDGET_MS = 20_000;
/** Share of the budget for telling kinds apart, before what other experiments leave over. */
const KIND_SHARE = 0.4;
/** And of the budget for the law of the gaps. */
const RETRIES_SHARE = 0.12;
/** And for rows of the matrix that may show retries, where the first failed call trips it. */
const EARLY_ROWS_SHARE = 0.2;
/** And for seeing again what hangs. */
const TIMEOUTS_SHARE = 0.15;
/** Rows of the failure matrix begin no later than this. */
const MATRIX_SHARE = 0.75;
/** And nothing that can be left out ends later. */
const LAST_SHARE = 0.97;
/** A row trips it as often, once to see whether it counts and once more where that is in doubt, and takes as long beside. */
const ROW_OPENINGS = 2.5;
const ROW_MS = 2_000;
/** Less time than this and the open duration is too little to tell kinds apart. */
const KIND_MS_MIN = 1_000;

/** Names of the experiments, in their order. */
export const EXPERIMENTS = [
  'baseline',
  'trip',
  'retries',
  'open time',
  'timeouts',
  'half-open',
  'kind',
  'unit',
  'failure matrix',
  'fallback and scope',
  'bulkhead',
  'rate limit',
  'abandonment',
  'kind, with the time that is left',
] as const;

export type ExperimentName = (typeof EXPERIMENTS)[number];

/** Carries out an experiment, or a part of one, on a lab. */
export type StepRunner = (
  lab: Lab,
  name: ExperimentName,
  run: (lab: Lab) => Promise<string>,
) => Promise<void>;

export async function plan(labs: readonly Lab[], step: StepRunner, startMs: Ms): Promise<void> {
  const [lab, ...others] = labs as [Lab, ...Lab[]];
  const doAll = (tasks: readonly Task<ExperimentName>[]): Promise<void> =>
    share(labs, tasks, (on, { name, run }) => step(on, name, run));
  await step(lab, 'baseline', async () => {
    const says = await baseline(lab);
    await Promise.all(others.map(warmUp));
    return says;
  });
  let first: Awaited<ReturnType<typeof firstTrip>> | undefined;
  await step(lab, 'trip', async () => {
    first = await firstTrip(lab);
    return first.says;
  });
  if (first === undefined) return;
  const { tripped, failed } = first;
  // The shape that is tried again most often shows the retries.
  const retried = failed.toSorted((a, b) => mostAttempts(b.calls) - mostAttempts(a.calls))[0];
  if (tripped === null) {
    absent(lab);
    const whole = retried === undefined ? null : attemptsOf(lab, retried.calls, false);
    await doAll([
      ...(retried === undefined || whole === null
        ? []
        : [retriesTask((on) => retries(on, retried.shape, whole, null, BUDGET_MS * RETRIES_SHARE))]),
      ...withoutBreaker(lab, startMs),
    ]);
    return;
  }
  const { shape, calls } = tripped;
  const isReference = retried === undefined || retried.shape === shape;
  // Calls that came too slowly to trip it were all seen to their end.
  const shown = isReference && calls.length > 0 ? calls : (retried?.calls ?? []);
  const whole = attemptsOf(lab, shown, isReference && calls.length > 0);
  lab.facts.attemptsOfFailure = isReference ? lab.facts.attemptsOfFailure : mostAttempts(calls);
  await step(lab, 'open time', () => openTime(lab, tripped));
  const openMs = numberOf(lab, 'breaker.openMs');
  const theRetries = retriesTask((on) =>
    retries(
      on,
      isReference ? shape : retried.shape,
      whole,
      isReference && calls.length > 0 ? calls.length : null,
      RETRIES_SHARE * budgetOf(openMs ?? 0),
    ),
  );
  const strays = lab.strays(tripped.anchorMs);
  if (strays > 0) {
    doubt(lab, strays);
    await lab.restore();
    await doAll([theRetries, ...withoutBreaker(lab, startMs, 'unknown')]);
    return;
  }
  lab.know('breaker.present', true, {
    observations: 2,
    experiment: 'failures until silence, and silence after the heal',
  });
  if (openMs === null) {
    await step(lab, 'timeouts', () => timeouts(lab, BUDGET_MS * TIMEOUTS_SHARE));
    return;
  }
  await doAll(withBreaker(lab, { ...tripped, whole }, openMs, theRetries, startMs));
}

/** What is left to do about a breaker whose open time is known. */
function withBreaker(
  lab: Lab,
  { shape, calls, whole }: Trip & { whole: readonly Series[] },
  openMs: Ms,
  theRetries: Task<ExperimentName>,
  startMs: Ms,
): Task<ExperimentName>[] {
  let search = null as KindSearch | null;
  const rows = openMatrix(lab);
  const attempts = calls.reduce((sum, call) => sum + call.attempts.length, 0);
  const longestGapMs = Math.max(0, ...calls.flatMap(gapsOf));
  const hides = longestGapMs > HIDING_SHARE * openMs;
  const counts = (): Unit | null => {
    const finding = lab.findings['breaker.counts'];
    return finding?.known === true ? (finding.value as Unit) : null;
  };
  // One that counts calls does not open inside a call.
  const cannot = (): string | null => {
    if (lab.facts.parts > 1)
      return `a call does ${lab.facts.parts} things on the link, and nobody knows which of them are counted`;
    if (calls.length === 0) return 'failed calls in turn come too slowly to trip it';
    return hides && counts() !== 'calls'
      ? 'attempts come so far apart that it may open and let the next one through inside a call'
      : null;
  };
  const leftMs = (share: number): Ms =>
    startMs + share * budgetOf(openMs + (patienceOf(lab) ?? lab.limits.patienceMs)) - lab.bench.now();
  const options = (): MatrixOptions => ({
    tripCalls: calls.length === 0 ? lab.limits.callsMax : calls.length,
    counts: counts(),
  });
  lab.facts.untilMs = startMs + budgetOf(openMs);
  const isCutOff = (): boolean =>
    calls.length > 0 && lab.facts.parts === 1 && lab.findings['retry.attempts']?.known !== true;
  const retriesElsewhereTask = (after: string[]): Task<ExperimentName> => ({
    ...retriesTask(aside((on) => retriesElsewhere(on, RETRIES_SHARE * budgetOf(openMs)))),
    key: 'retries elsewhere',
    after,
    isWanted: () => lab.findings['retry.attempts']?.known !== true && leftMs(LAST_SHARE) > 0,
  });
  // The sequences go on at the end: what comes between is none of their story.
  const aside =
    (run: Task['run']): Task['run'] =>
    (on) =>
      on.inFog(() => run(on));
  return [
    // First what fails in one way only: then the story of the breaker is known call by call.
    {
      name: 'half-open',
      onFirst: true,
      run: (on) => halfOpen(on, shape, highOf(on, 'breaker.openMs') ?? openMs),
    },
    { ...theRetries, onFirst: true },
    {
      ...retriesTask((on) => retriesAmongGood(on, shape, RETRIES_SHARE * budgetOf(openMs))),
      key: 'retries among good calls',
      onFirst: true,
      isWanted: isCutOff,
    },
    {
      name: 'failure matrix',
      key: 'rows that show retries',
      onFirst: true,
      isWanted: isCutOff,
      run: aside((on) => {
        const untilMs = on.bench.now() + EARLY_ROWS_SHARE * budgetOf(openMs);
        return rowsThatShowRetries(on, shape, options(), () => on.bench.now() > untilMs);
      }),
    },
    { ...retriesElsewhereTask(['rows that show retries']), onFirst: true, isWanted: isCutOff },
    {
      name: 'unit',
      key: 'unit before kinds',
      onFirst: true,
      isWanted: () =>
        hides || (calls.length === 1 && attempts > 1 && lab.facts.attemptsOfFailure <= attempts),
      run: async (on) => {
        const says = await unit(on, shape, attempts);
        // Not in the fog: what a close clears is then clear.
        await on.restore(GOOD);
        return says;
      },
    },
    {
      name: 'kind',
      onFirst: true,
      after: ['unit before kinds'],
      isWanted: () => {
        const why = cannot();
        if (why !== null) cannotTry(lab, why);
        return why === null;
      },
      run: (on) => {
        const told = on.facts.attemptsOfFailure === 1 ? 'calls' : counts();
        const units: Unit[] = told === null ? ['calls', 'attempts'] : [told];
        search = new KindSearch(on, shape, calls.length, openMs, units);
        return search.run(budgetOf(openMs) * KIND_SHARE);
      },
    },
    {
      name: 'timeouts',
      after: ['retries'],
      run: async (on) => {
        const says = await timeouts(on, TIMEOUTS_SHARE * budgetOf(openMs));
        on.facts.untilMs = on.bench.now() + leftMs(1);
        return says;
      },
    },
    {
      name: 'unit',
      after: ['kind'],
      run: async (on) => {
        const says = await on.inFog(async () => {
          const says = await unit(on, shape, attempts);
          await on.restore(GOOD);
          return says;
        });
        const told = counts();
        if (told !== null) search?.keep(told);
        return says;
      },
    },
    {
      ...retriesTask((on) => retriesAtOnce(on, shape)),
      key: 'retries at once',
      after: ['unit'],
      isWanted: () => whole.length === 0 && counts() === 'calls',
    },
    ...matrixTasks(lab, rows, options, () => leftMs(MATRIX_SHARE) < 0).map((task) => ({
      ...task,
      run: aside(task.run),
    })),
    retriesElsewhereTask(['retries', 'retries at once', 'failure matrix']),
    // Before the many good calls of those after it, among which a few that fail would not trip it.
    { name: 'fallback and scope', run: aside((on) => fallback(on, shape)) },
    { name: 'bulkhead', after: ['timeouts'], run: aside((on) => bulkhead(on, patienceOf(on))) },
    { name: 'rate limit', run: aside(rateLimit) },
    { name: 'abandonment', after: ['timeouts'], run: aside((on) => abandonment(on, patienceOf(on))) },
    {
      ...retriesTask(aside((on) => moreRetries(on, leftMs(LAST_SHARE) / 2))),
      key: 'more retries',
      onFirst: true,
      after: ['unit', 'retries elsewhere', 'failure matrix', 'bulkhead', 'fallback and scope', 'abandonment'],
      isWanted: () => lab.facts.sampling !== null,
    },
    {
      name: 'kind, with the time that is left',
      onFirst: true,
      after: [
        'more retries',
        'unit',
        'retries elsewhere',
        'failure matrix',
        'bulkhead',
        'fallback and scope',
        'abandonment',
      ],
      isWanted: () => search?.isOpen === true && leftMs(LAST_SHARE) > KIND_MS_MIN + openMs,
      run: async () => (await search?.run(leftMs(LAST_SHARE))) ?? 'not possible',
    },
    ...rows.map(
      (row): Task<ExperimentName> => ({
        name: 'failure matrix',
        key: 'rows that are left',
        after: ['kind, with the time that is left'],
        isWanted: () => isLeft(lab, row) && leftMs(LAST_SHARE) > ROW_OPENINGS * openMs + ROW_MS,
        run: aside((on) => matrixRow(on, row, options(), false)),
      }),
    ),
    { ...retriesElsewhereTask(['rows that are left']), key: 'retries in rows that were left' },
  ];
}

/** What the whole may take, for so much of open duration and timeout; ms. */
function budgetOf(ms: Ms): Ms {
  return BUDGET_FACTOR * ms + BUDGET_MS;
}

/** @param tripCalls unknown: whether there is a breaker cannot be told */
function withoutBreaker(lab: Lab, startMs: Ms, tripCalls: null | 'unknown' = null): Task<ExperimentName>[] {
  const overMs = (): Ms =>
    lab.bench.now() - startMs - LAST_SHARE * budgetOf(patienceOf(lab) ?? lab.limits.patienceMs);
  const options = (): MatrixOptions => ({ tripCalls, counts: null });
  return [
    { name: 'timeouts', after: ['retries'], run: (on) => timeouts(on, BUDGET_MS * TIMEOUTS_SHARE) },
    ...matrixTasks(lab, openMatrix(lab), options, () => overMs() > 0),
    { name: 'bulkhead', after: ['timeouts'], run: (on) => bulkhead(on, patienceOf(on)) },
    { name: 'rate limit', run: rateLimit },
    { name: 'abandonment', after: ['timeouts'], run: (on) => abandonment(on, patienceOf(on)) },
    {
      ...retriesTask((on) => moreRetries(on, -overMs())),
      key: 'more retries',
      onFirst: true,
      after: ['failure matrix', 'bulkhead', 'abandonment'],
      isWanted: () => lab.facts.sampling !== null,
    },
  ];
}

function retriesTask(run: (lab: Lab) => Promise<string>): Task<ExperimentName> {
  return { name: 'retries', run };
}

/** A task for each row. */
function matrixTasks(
  lab: Lab,
  rows: readonly Shape[],
  options: () => MatrixOptions,
  isOver: () => boolean,
): Task<ExperimentName>[] {
  return rows.map((shape, i) => ({
    name: 'failure matrix',
    after: ['retries', 'timeouts'],
    isWanted: () => isUntried(lab, shape),
    // The first is worth being late for: no other experiment tells of Retry-After.
    run: (on) => matrixRow(on, shape, options(), i > 0 && isOver()),
  }));
}

/** How long the target waits for an attempt; null: for ever, as far as anybody has seen. */
function patienceOf(lab: Lab): Ms | null {
  return numberOf(lab, 'timeout.headersMs') ?? numberOf(lab, 'timeout.totalMs');
}

function numberOf(lab: Lab, name: QuantityName): number | null {
  const finding = lab.findings[name];
  return finding?.known === true && typeof finding.value === 'number' ? finding.value : null;
}

/** The longest it may be. */
function highOf(lab: Lab, name: QuantityName): number | null {
  const finding = lab.findings[name];
  return finding?.known === true ? (finding.high ?? null) : null;
}

function mostAttempts(calls: readonly Series[]): number {
  return Math.max(1, ...calls.map(({ attempts }) => attempts.length));
}

/** Sequences of calls would not tell what they seem to. */
function cannotTry(lab: Lab, reason: string): void {
  const why = `${reason}, so sequences cannot be tried`;
  for (const name of ['kind', 'failures', 'windowCalls', 'windowMs', 'minimumCalls', 'failureRate'] as const)
    lab.dontKnow(`breaker.${name}`, why);
}

/** Calls stayed away, and something came that they had not made: a queue that is worked off does so, too. */
function doubt(lab: Lab, strays: number): void {
  const why = `calls stay away after failures, but ${strays} attempts came meanwhile that no call had made: something else than a breaker may keep them away`;
  for (const name of Object.keys(QUANTITIES) as QuantityName[])
    if (name.startsWith('breaker.') || name.startsWith('fallback.') || name === 'rejection.ms')
      lab.dontKnow(name, why);
}

/** What would have to be counted in things that a call does on the link, not in calls. */
export function withoutCounts(lab: Lab): void {
  const names = ['kind', 'failures', 'windowCalls', 'windowMs', 'minimumCalls', 'failureRate'] as const;
  for (const name of [...names, 'counts', 'successesToClose'] as const)
    if (lab.findings[`breaker.${name}`]?.known === true)
      lab.dontKnow(
        `breaker.${name}`,
        `a call does ${lab.facts.parts} things on the link, and nobody knows which of them are counted`,
      );
}

function absent(lab: Lab): void {
  const experiment = 'failures one after the other, of several shapes';
  lab.know('breaker.present', false, { observations: lab.limits.callsMax, experiment });
  const why = `${lab.limits.callsMax} failures in a row of each shape did not stop the attempts`;
  for (const name of Object.keys(QUANTITIES) as QuantityName[])
    if ((name.startsWith('breaker.') && name !== 'breaker.present') || name === 'rejection.ms')
      lab.dontKnow(name, why);
  lab.dontKnow(
    'fallback.kind',
    'without a breaker there is no time in which nothing is asked; see the matrix',
  );
}
