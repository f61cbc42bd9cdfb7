/** Attempts of one failed call, and the law of the gaps between them. */

import type { Finding } from '../../model/measured.ts';
import type { Ms } from '../../model/time.ts';
import { type BackoffFindings, fitBackoff } from '../backoff.ts';
import { ENDLESS, type Shape } from '../bench.ts';
import { type Lab, median } from '../lab.ts';
import { layersOf } from '../layers.ts';
import type { Sampling, Series } from '../notebook.ts';

const NAME = 'calls that fail throughout';
/** Calls that fail slower than this are sampled several at once: what they disturb each other by is little beside it. */
const SLOW_MS = 250;
/** Calls at once, to sample. */
const AT_ONCE_MAX = 8;
/** Samples beyond which no law that is still in doubt will be told. */
const SAMPLES_MAX = 80;
/** Calls that began within this time of each other were not made to wait for each other. */
const TOGETHER_MS = 40;

/** So many are worth being late for. */
const FEW = 5;

type GapFindings = BackoffFindings & { 'retry.layers'?: Finding };

/** Gaps between attempts of a call: from the end of one to the start of the next. */
export function gapsOf({ attempts }: Series): number[] {
  return attempts.slice(1).map(({ startMs }, i) => startMs - (attempts[i]?.endMs ?? startMs));
}

/** What calls that failed throughout say of the number of attempts. `tripped`: the last of them tripped the breaker. */
export function attemptsOf(lab: Lab, first: readonly Series[], tripped: boolean): Series[] {
  // The last call before a trip may have been cut off by it.
  const whole = tripped ? first.slice(0, -1) : [...first];
  lab.facts.attemptsOfFailure = Math.max(
    1,
    ...(whole.length === 0 ? first : whole).map((call) => call.attempts.length),
  );
  note(lab, whole);
  return whole;
}

function note(lab: Lab, calls: readonly Series[]): void {
  const counts = calls.map((call) => call.attempts.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const observations = counts.length;
  if (observations === 0) lab.dontKnow('retry.attempts', FIRST_TRIPS);
  else if (least === most)
    lab.know('retry.attempts', most, { low: most, high: most, observations, experiment: NAME });
  else
    lab.dontKnow(
      'retry.attempts',
      `from ${least} to ${most} in ${observations} calls: something else than a number ends them`,
    );
}

const FIRST_TRIPS = 'the first failed call trips the breaker, so no call is seen to its end';

/**
 * The law of the gaps. Samples more calls where the breaker allows it, and yet more while laws are in doubt.
 * @param whole calls that failed throughout, without one that a trip has cut off
 * @param tripCalls failed calls that trip the breaker; null: none does
 * @param budgetMs no sample begins later than this
 * @param good calls that are well before each
 */
export async function retries(
  lab: Lab,
  shape: Shape,
  whole: readonly Series[],
  tripCalls: number | null,
  budgetMs: Ms,
  good = 0,
): Promise<string> {
  if (whole.length === 0) {
    for (const name of ['retry.backoff', 'retry.baseMs', 'retry.jitter'] as const)
      lab.dontKnow(name, FIRST_TRIPS);
    return FIRST_TRIPS;
  }
  const untilMs = lab.bench.now() + budgetMs;
  const calls = [...whole];
  if (mostOf(calls) === 1) {
    lab.know('retry.backoff', 'none', { observations: calls.length, experiment: NAME });
    for (const name of [
      'retry.baseMs',
      'retry.factor',
      'retry.capMs',
      'retry.jitter',
      'retry.jitterShare',
    ] as const)
      lab.dontKnow(name, 'nothing is tried again');
    return `one attempt in each of ${calls.length} calls`;
  }
  return sampled({ lab, shape, calls, tripCalls, good, untilMs });
}

/** What is in doubt may be told with more draws: goes on sampling, as `retries` did. */
export async function moreRetries(lab: Lab, budgetMs: Ms): Promise<string> {
  const { sampling } = lab.facts;
  if (sampling === null) return 'nothing to sample';
  const before = sampling.calls.length;
  const says = await sampled({ ...sampling, lab, untilMs: lab.bench.now() + budgetMs });
  return `${sampling.calls.length - before} more calls: ${says}`;
}

async function sampled({ lab, untilMs, ...sampling }: Sampling & { lab: Lab; untilMs: Ms }): Promise<string> {
  const { calls, tripCalls } = sampling;
  const canSample = (tripCalls ?? Number.POSITIVE_INFINITY) > 1;
  if (calls.length < lab.limits.retrySamples && canSample)
    calls.push(...(await sample(lab, sampling, lab.limits.retrySamples - calls.length, untilMs)));
  let fitted = lawOfGaps(lab, calls);
  while (canSample && isInDoubt(fitted.findings) && calls.length < SAMPLES_MAX && lab.bench.now() < untilMs) {
    const more = await sample(lab, sampling, lab.limits.retrySamples, untilMs);
    if (more.length === 0) break;
    calls.push(...more);
    fitted = lawOfGaps(lab, calls);
  }
  note(lab, calls);
  tell(lab, fitted.findings);
  const mayTellMore = canSample && isInDoubt(fitted.findings) && calls.length < SAMPLES_MAX;
  lab.facts.sampling = mayTellMore ? sampling : null;
  return `${mostOf(calls)} attempts; ${fitted.says}`;
}

/** As `retries`, where the first failed call trips the breaker, which counts calls: all that come at once are seen to their end. */
export async function retriesAtOnce(lab: Lab, shape: Shape): Promise<string> {
  const calls = await atOnce(lab, shape, lab.limits.retrySamples);
  await lab.restore();
  return calls.length === 0 ? FIRST_TRIPS : retries(lab, shape, calls, 1, 0);
}

/** Calls that are well, among which one that fails is a small share: fewer than the 100 that rolling windows hold. */
const GOOD_AROUND = 90;
/** Calls that all samples take at most, each with the good calls before it and one after. */
export const SAMPLING_CALLS_MAX = SAMPLES_MAX * (GOOD_AROUND + 2);

/**
 * As `retries`, where the first failed call trips the breaker: after many that are well one that judges by their share
 * sees it to its end.
 */
export async function retriesAmongGood(lab: Lab, shape: Shape, budgetMs: Ms): Promise<string> {
  const untilMs = lab.bench.now() + budgetMs;
  await lab.restore(GOOD_AROUND);
  const first = await seenToItsEnd(lab, shape);
  if (first === null) return `one trips it after ${GOOD_AROUND} that were well, too`;
  lab.facts.attemptsOfFailure = Math.max(lab.facts.attemptsOfFailure, first.attempts.length);
  // Two at once may be too large a share.
  return retries(lab, shape, [first], 2, untilMs - lab.bench.now(), GOOD_AROUND);
}

/**
 * As `retries`, where every call that fails as the breaker counts it may be cut off by the trip: by another way to
 * fail, which does not count as its row of the failure matrix says, and after which a call still reaches the link.
 */
export async function retriesElsewhere(lab: Lab, budgetMs: Ms): Promise<string> {
  const untilMs = lab.bench.now() + budgetMs;
  const shapes = lab.ways.shapes
    .filter((shape) => lab.matrix[shape]?.counts === false && lab.matrix[shape]?.retried === true)
    .toSorted((a, b) => costOf(lab, a) - costOf(lab, b));
  for (const shape of shapes) {
    const first = await seenToItsEnd(lab, shape);
    if (first === null || first.attempts.length < 2) continue;
    if (!asksToWait(lab, shape))
      return `${shape}: ${await retries(lab, shape, [first], null, Math.max(0, untilMs - lab.bench.now()))}`;
    note(lab, [first]);
    return `${shape}: ${first.attempts.length} attempts`;
  }
  return 'no way to fail is tried again that does not count';
}

/** A call that fails so and after which another still reaches the link. Null: it trips the breaker, or cannot be had. */
async function seenToItsEnd(lab: Lab, shape: Shape): Promise<Series | null> {
  if ((await lab.arm(shape)) !== null) return null;
  const call = await lab.call();
  await lab.bench.heal();
  const after = await lab.call();
  await lab.restore();
  return after.attempts.length === 0 ? null : call;
}

/** Gaps are as long as the dependency asks for, not as the policy says. */
function asksToWait(lab: Lab, shape: Shape): boolean {
  const heeded = lab.findings['retry.retryAfter'];
  return shape.endsWith('retry-after') && !(heeded?.known === true && heeded.value === false);
}

/** The order in which ways to fail are worth their time: quick ones, those that hang, those of whose gaps nothing is learnt. */
function costOf(lab: Lab, shape: Shape): number {
  return (asksToWait(lab, shape) ? 2 : 0) + (ENDLESS.has(shape) ? 1 : 0);
}

function tell(lab: Lab, findings: GapFindings): void {
  for (const [name, finding] of Object.entries(findings))
    lab.write(name as keyof GapFindings, finding.known ? { ...finding, experiment: NAME } : finding);
}

/** The law of the gaps, or the layers that have one each. */
function lawOfGaps(lab: Lab, calls: readonly Series[]): { findings: GapFindings; says: string } {
  const most = mostOf(calls);
  const complete = calls.filter((call) => call.attempts.length === most);
  const gaps = Array.from({ length: most - 1 }, (_, i) =>
    complete.map((call) => gapsOf(call)[i] ?? Number.NaN),
  );
  const layers = gaps.length === 0 ? null : layersOf(gaps, lab.facts.errorMs);
  if (layers === null) return fitBackoff(gaps, lab.facts.errorMs);
  const laws = layers.gapsMs.map((some) => some.map((gap) => gap.toFixed(0)).join(', ')).join('; around it ');
  const each: Finding = { known: false, why: `each layer has gaps of its own: ${laws} ms` };
  return {
    findings: {
      'retry.layers': {
        known: true,
        value: layers.attempts.join(' × '),
        observations: complete.length,
        experiment: NAME,
      },
      'retry.backoff': each,
      'retry.baseMs': each,
      'retry.jitter': { known: true, value: 'none', observations: complete.length, experiment: NAME },
    },
    says: `layers of ${layers.attempts.join(' × ')} attempts, gaps of ${laws} ms`,
  };
}

/** Whether more draws would help: gaps differ, and more than one law explains them. */
function isInDoubt(findings: GapFindings): boolean {
  const jitter = findings['retry.jitter'];
  if (jitter === undefined || (jitter.known && jitter.value === 'none')) return false;
  return !jitter.known || findings['retry.backoff']?.known === false;
}

function mostOf(calls: readonly Series[]): number {
  return Math.max(1, ...calls.map((call) => call.attempts.length));
}

/** More failed calls between good ones, so that no breaker trips: one by one, or a few at once where they take long. */
async function sample(
  lab: Lab,
  { shape, calls: before, tripCalls, good }: Sampling,
  count: number,
  untilMs: Ms,
): Promise<Series[]> {
  const lengthMs = median(
    before.map(({ attempts }) => (attempts.at(-1)?.endMs ?? 0) - (attempts[0]?.startMs ?? 0)),
  );
  let size = lengthMs < SLOW_MS ? 1 : Math.min(AT_ONCE_MAX, (tripCalls ?? AT_ONCE_MAX + 1) - 1, count);
  const calls: Series[] = [];
  while (calls.length < count && (lab.bench.now() < untilMs || calls.length + before.length < FEW)) {
    // As much good as one that takes back a failure for each success asks for.
    await lab.restore(Math.max(3, good, size * mostOf(before)));
    const some = size > 1 ? await atOnce(lab, shape, size) : await one(lab, shape);
    if (some.length === 0 && size > 1) {
      // They wait for each other, or nothing tells whose attempts are whose.
      size = 1;
      continue;
    }
    if (some.length === 0) break;
    calls.push(...some);
  }
  await lab.restore();
  // One that a trip has cut off says nothing of the number.
  const most = mostOf(calls);
  return calls.filter((call) => call.attempts.length === most);
}

async function one(lab: Lab, shape: Shape): Promise<Series[]> {
  if ((await lab.arm(shape)) !== null) return [];
  const call = await lab.call();
  return call.attempts.length > 0 ? [call] : [];
}

/** Calls that fail at the same time; none, where something made them wait for each other. */
async function atOnce(lab: Lab, shape: Shape, count: number): Promise<Series[]> {
  if ((await lab.arm(shape)) !== null) return [];
  const { series, after } = await lab.unnoted(async () => {
    const fromMs = lab.bench.now();
    await Promise.all(Array.from({ length: count }, () => lab.bench.ask(lab.facts.kind).reply));
    const attempts = await lab.since(fromMs);
    await lab.bench.heal();
    return {
      after: await lab.call(),
      series: [...Map.groupBy(attempts, ({ call }) => call).values()].map((of) => ({ attempts: of })),
    };
  });
  const starts = series.map(({ attempts }) => attempts[0]?.startMs ?? 0);
  const areTogether = series.length === count && Math.max(...starts) - Math.min(...starts) <= TOGETHER_MS;
  const areWhole = series.every(({ attempts }) => attempts.length === mostOf(series));
  // It may have tripped, or not been whole: then nobody knows what it has counted.
  if (after.attempts.at(-1)?.ok === true && areTogether && areWhole) {
    lab.noteFailures(series);
    lab.note(after);
  } else lab.fog(count + 1);
  return areTogether ? series : [];
}
