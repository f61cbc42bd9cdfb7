/**
 * The plan: which experiment comes when, what one hands to the next, and what becomes of what is known when
 * it is called off. It knows the bench, not what stands on it.
 */
import type { MeasuredPolicy } from '../model/measured.ts';
import { QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { Ms } from '../model/time.ts';
import type { Bench } from './bench.ts';
import { baseline } from './experiments/baseline.ts';
import { abandonment, bulkhead, fallback } from './experiments/edges.ts';
import { halfOpen } from './experiments/half-open.ts';
import { concludeFor, kind, type Rivals } from './experiments/kind.ts';
import { matrix } from './experiments/matrix.ts';
import { openTime } from './experiments/open.ts';
import { attemptsOf, gapsOf, retries } from './experiments/retries.ts';
import { timeouts } from './experiments/timeouts.ts';
import { firstTrip } from './experiments/trip.ts';
import { unit } from './experiments/unit.ts';
import { type Call, Lab, type LabLimits, Stuck } from './lab.ts';
import type { Unit } from './story.ts';

export const LIMITS: LabLimits = {
  callsMax: 40,
  patienceMs: 10_000,
  recoveryMsMax: 70_000,
  pauseMsMax: 12_000,
  burstMax: 40,
  retrySamples: 10,
};

/** The whole must be over within 25 · (open duration + timeout) + 20 s. */
const BUDGET_FACTOR = 25;
const BUDGET_MS = 20_000;
/** Share of the budget for telling kinds apart. */
const KIND_SHARE = 0.4;
/** A gap longer than this share of the open duration can hide that it was open. */
const HIDING_SHARE = 0.85;
/** Rows of the failure matrix begin no later than this. */
const MATRIX_SHARE = 0.85;

export interface CharacteriseOptions {
  bench: Bench;
  limits?: Partial<LabLimits>;
  errorMs: Ms;
  /** Called when an experiment begins. */
  onProgress?(name: string, done: number, total: number): void;
  signal?: AbortSignal;
}

export type Characterised = Pick<
  MeasuredPolicy,
  'findings' | 'matrix' | 'experiments' | 'complete' | 'request' | 'tookMs' | 'requests'
>;

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
  'bulkhead',
  'fallback and scope',
  'abandonment',
] as const;

/** Measures what can be measured. @throws UsageError where no request reaches the link */
export async function characterise({
  bench,
  limits = {},
  errorMs,
  onProgress,
  signal,
}: CharacteriseOptions): Promise<Characterised> {
  const lab = new Lab(bench, { ...LIMITS, ...limits }, errorMs);
  const experiments: MeasuredPolicy['experiments'] = [];
  const startMs = bench.now();
  let complete = true;
  const step = async (name: (typeof EXPERIMENTS)[number], run: () => Promise<string>): Promise<void> => {
    signal?.throwIfAborted();
    onProgress?.(name, EXPERIMENTS.indexOf(name), EXPERIMENTS.length);
    const atMs = bench.now();
    const says = await run();
    experiments.push({ name, atMs: atMs - startMs, tookMs: bench.now() - atMs, says });
  };
  try {
    await plan(lab, step, startMs);
  } catch (error) {
    const isOff = signal?.aborted === true;
    if (!isOff && !(error instanceof Stuck)) throw error;
    complete = false;
    const why = error instanceof Stuck ? error.message : 'called off before it was measured';
    for (const name of Object.keys(QUANTITIES) as QuantityName[])
      if (lab.findings[name] === undefined) lab.dontKnow(name, why);
  } finally {
    await bench.heal();
  }
  for (const name of Object.keys(QUANTITIES) as QuantityName[])
    lab.findings[name] ??= { known: false, why: NOT_MEASURED[name] ?? 'not measured' };
  return {
    findings: lab.findings,
    matrix: lab.matrix as Characterised['matrix'],
    experiments,
    complete,
    request: lab.kind,
    tookMs: bench.now() - startMs,
    requests: bench.askedCount,
  };
}

const NOT_MEASURED: Partial<Record<QuantityName, string>> = {
  rateLimit: 'not measured: it would take a flood',
  'retry.layers': 'the spacing shows one layer',
  'retry.retryAfter': 'no shape with Retry-After is retried',
};

type StepRunner = (name: (typeof EXPERIMENTS)[number], run: () => Promise<string>) => Promise<void>;

async function plan(lab: Lab, step: StepRunner, startMs: Ms): Promise<void> {
  await step('baseline', () => baseline(lab));
  let first: Awaited<ReturnType<typeof firstTrip>> | undefined;
  await step('trip', async () => {
    first = await firstTrip(lab);
    return first.says;
  });
  if (first === undefined) return;
  const { tripped, failed } = first;
  // The shape that is tried again most often shows the retries.
  const retried = failed.toSorted((a, b) => mostAttempts(b.calls) - mostAttempts(a.calls))[0];
  if (tripped === null) {
    absent(lab);
    if (retried !== undefined) {
      const whole = attemptsOf(lab, retried.calls, false);
      await step('retries', () => retries(lab, retried.shape, whole, null));
    }
    await step('timeouts', () => timeouts(lab));
    await withoutBreaker(lab, step);
    return;
  }
  const { shape, calls } = tripped;
  const isReference = retried === undefined || retried.shape === shape;
  const whole = attemptsOf(lab, isReference ? calls : retried.calls, isReference && calls.length > 0);
  lab.attemptsOfFailure = isReference ? lab.attemptsOfFailure : mostAttempts(calls);
  await step('open time', () => openTime(lab, tripped));
  lab.know('breaker.present', true, {
    observations: 2,
    experiment: 'failures until silence, and silence after the heal',
  });
  const openMs = numberOf(lab, 'breaker.openMs');
  if (openMs === null) {
    await step('timeouts', () => timeouts(lab));
    return;
  }
  // First what fails in one way only: then the story of the breaker is known call by call.
  await step('half-open', () => halfOpen(lab, shape, highOf(lab, 'breaker.openMs') ?? openMs));
  await step('retries', () =>
    retries(lab, isReference ? shape : retried.shape, whole, isReference ? calls.length : null),
  );
  let rivals: Rivals | null = null;
  const longestGapMs = Math.max(0, ...calls.flatMap(gapsOf));
  if (calls.length === 0) cannotTry(lab, 'failed calls in turn come too slowly to trip it');
  else if (longestGapMs > HIDING_SHARE * openMs)
    cannotTry(lab, 'attempts come so far apart that it may open and let the next one through inside a call');
  else
    await step('kind', async () => {
      const told = await kind(
        lab,
        shape,
        calls.length,
        openMs,
        (BUDGET_FACTOR * openMs + BUDGET_MS) * KIND_SHARE,
      );
      rivals = told.rivals;
      return told.says;
    });
  await step('timeouts', () => timeouts(lab));
  const patienceMs = patienceOf(lab);
  const budgetMs = BUDGET_FACTOR * (openMs + (patienceMs ?? 0)) + BUDGET_MS;
  const attempts = calls.reduce((sum, call) => sum + call.attempts.length, 0);
  await step('unit', () => unit(lab, shape, attempts));
  const counts = lab.findings['breaker.counts'];
  if (rivals !== null && counts?.known === true) concludeFor(lab, counts.value as Unit, rivals);
  const isOver = (): boolean => lab.bench.now() - startMs > budgetMs * MATRIX_SHARE;
  await step('failure matrix', () =>
    matrix(
      lab,
      {
        tripCalls: calls.length === 0 ? lab.limits.callsMax : calls.length,
        counts: counts?.known === true ? (counts.value as 'calls' | 'attempts') : null,
        givesUp: patienceMs !== null,
      },
      isOver,
    ),
  );
  await step('bulkhead', () => bulkhead(lab, patienceMs));
  await step('fallback and scope', () => fallback(lab, shape));
  await step('abandonment', () => abandonment(lab, patienceMs));
}

async function withoutBreaker(lab: Lab, step: StepRunner): Promise<void> {
  const patienceMs = patienceOf(lab);
  await step('failure matrix', () =>
    matrix(lab, { tripCalls: null, counts: null, givesUp: patienceMs !== null }, () => false),
  );
  await step('bulkhead', () => bulkhead(lab, patienceMs));
  await step('abandonment', () => abandonment(lab, patienceMs));
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

function mostAttempts(calls: readonly Call[]): number {
  return Math.max(1, ...calls.map(({ attempts }) => attempts.length));
}

/** Sequences of calls would not tell what they seem to. */
function cannotTry(lab: Lab, reason: string): void {
  const why = `${reason}, so sequences cannot be tried`;
  for (const name of ['kind', 'failures', 'windowCalls', 'windowMs', 'minimumCalls', 'failureRate'] as const)
    lab.dontKnow(`breaker.${name}`, why);
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
