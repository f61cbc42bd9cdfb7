/**
 * Measures what can be measured: carries out the plan, notes what comes of each experiment, and keeps what is known
 * when it is called off. It knows the bench, not what stands on it.
 */
import { type MeasuredPolicy, QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { Ms } from '../model/time.ts';
import type { Bench } from './bench.ts';
import { rateLimit, withoutWhatLooksAlike } from './experiments/rate.ts';
import { Lab, type LabLimits, Stuck } from './lab.ts';
import { EXPERIMENTS, type ExperimentName, plan, type StepRunner, withoutCounts } from './plan.ts';
import { mergeRecorded, type Recorded, RecordingBench } from './recording.ts';

export const LIMITS: LabLimits = {
  callsMax: 40,
  patienceMs: 10_000,
  recoveryMsMax: 70_000,
  pauseMsMax: 12_000,
  burstMax: 40,
  retrySamples: 10,
};

export interface CharacteriseOptions {
  bench: Bench;
  /** The same service once more, each in a state and with a link of its own: what can be is done on them meanwhile. */
  replicas?: readonly Bench[];
  limits?: Partial<LabLimits>;
  errorMs: Ms;
  /** Called when an experiment begins. */
  onProgress?(name: string, done: number, total: number): void;
  signal?: AbortSignal;
}

export type Characterised = Pick<
  MeasuredPolicy,
  'findings' | 'matrix' | 'experiments' | 'complete' | 'request' | 'tookMs' | 'requests'
> & {
  /** What was seen, experiment by experiment. */
  recorded: Recorded;
};

const ROWS: ExperimentName = 'failure matrix';

type Experiment = MeasuredPolicy['experiments'][number];

/** Measures what can be measured. @throws UsageError where no request reaches the link */
export async function characterise({
  bench,
  replicas = [],
  limits = {},
  errorMs,
  onProgress,
  signal,
}: CharacteriseOptions): Promise<Characterised> {
  const recordings = [bench, ...replicas].map((one, i) =>
    one instanceof RecordingBench ? one : new RecordingBench(one, i + 1),
  );
  const labs: Lab[] = [];
  // What is found on one of them is known to all.
  for (const recording of recordings)
    labs.push(new Lab(recording, { ...LIMITS, ...limits }, errorMs, labs[0]?.facts));
  const [lab] = labs as [Lab];
  const experiments: Experiment[] = [];
  const latest = new Map<Lab, string>();
  const credit = (of: Lab, experiment: string | undefined): void => {
    const recording = recordings[labs.indexOf(of)];
    for (const name of of.takeWritten())
      if (experiment !== undefined && lab.findings[name]?.known === true)
        for (const one of [READS[experiment] ?? [], experiment].flat()) recording?.credit(name, one);
  };
  const startMs = bench.now();
  let complete = true;
  let begun = '';
  const step: StepRunner = async (on, name, run) => {
    signal?.throwIfAborted();
    if (name !== begun) onProgress?.(name, EXPERIMENTS.indexOf(name), EXPERIMENTS.length);
    begun = name;
    // What is concluded between two experiments comes from the one before.
    credit(on, latest.get(on));
    latest.set(on, name);
    recordings[labs.indexOf(on)]?.begin(name, name === ROWS);
    const atMs = bench.now();
    let says: string;
    try {
      says = await run(on);
    } finally {
      credit(on, name); // also what was known when it was called off
    }
    addTo(experiments, { name, atMs: atMs - startMs, tookMs: bench.now() - atMs, says });
  };
  try {
    await plan(labs, step, startMs);
    if (lab.facts.parts > 1) withoutCounts(lab);
    credit(lab, latest.get(lab));
  } catch (error) {
    const isOff = signal?.aborted === true;
    if (!isOff && !(error instanceof Stuck)) throw error;
    complete = false;
    // What lets too few calls through for anything else to be measured may be a limit.
    if (!isOff) await step(lab, 'rate limit', rateLimit);
    const why = error instanceof Stuck ? error.message : 'called off before it was measured';
    for (const name of Object.keys(QUANTITIES) as QuantityName[])
      if (lab.findings[name] === undefined) lab.dontKnow(name, why);
  } finally {
    await healAll(recordings);
  }
  if (lab.facts.isRateLimited) withoutWhatLooksAlike(lab);
  for (const name of Object.keys(QUANTITIES) as QuantityName[])
    if (lab.findings[name] === undefined) lab.dontKnow(name, NOT_MEASURED[name] ?? 'not measured');
  return {
    findings: lab.findings,
    matrix: lab.matrix as Characterised['matrix'],
    experiments,
    complete,
    request: lab.facts.kind,
    tookMs: bench.now() - startMs,
    requests: recordings.reduce((sum, { askedCount }) => sum + askedCount, 0),
    recorded: mergeRecorded(recordings.map((one) => one.recorded())),
  };
}

/** Experiments that also read what an earlier one has seen. */
const READS: Readonly<Record<string, string>> = { 'open time': 'trip', retries: 'trip' };

/** The rows of the matrix are told as one: from the beginning of the first to the end of the last. */
function addTo(experiments: Experiment[], one: Experiment): void {
  const before = one.name === ROWS ? experiments.find(({ name }) => name === ROWS) : undefined;
  if (before === undefined) {
    experiments.push(one);
    experiments.sort((a, b) => a.atMs - b.atMs);
    return;
  }
  const endMs = Math.max(before.atMs + before.tookMs, one.atMs + one.tookMs);
  before.atMs = Math.min(before.atMs, one.atMs);
  before.tookMs = endMs - before.atMs;
  before.says = one.says;
}

const NOT_MEASURED: Partial<Record<QuantityName, string>> = {
  'retry.layers': 'the spacing shows one layer',
  'retry.retryAfter': 'no shape with Retry-After is retried',
};

/** All of them, also where one cannot be healed. @throws why the first could not */
async function healAll(benches: readonly Bench[]): Promise<void> {
  const healed = await Promise.allSettled(benches.map((one) => one.heal()));
  for (const one of healed) if (one.status === 'rejected') throw one.reason;
}
