/**
 * Runs one scenario: environment up, steady state, time line, heal, recovery, environment down,
 * history, verdicts. A straight line; what was seen is judged only when it is over.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { judge } from '../check/judge.ts';
import { starved } from '../check/machine.ts';
import type { Environment, Running } from '../environment/environment.ts';
import { writeHistory } from '../history/file.ts';
import { Recorder } from '../history/recorder.ts';
import { warmUp } from '../load/engine.ts';
import { LOAD_ENGINES } from '../load/engines.ts';
import type { StartOptions } from '../load/load-engine.ts';
import { type PlannedRequest, planLoad } from '../load/plan.ts';
import { type Config, factsOf, withProfile } from '../model/config.ts';
import { AbortedError, EnvironmentError } from '../model/errors.ts';
import { HISTORY_VERSION, type HistoryHeader } from '../model/history.ts';
import type { Policy } from '../model/policy.ts';
import { seedFor } from '../model/random.ts';
import {
  type LinkEngine,
  type LoadEngineName,
  phasesOf,
  type Scenario,
  type Step,
  type Traffic,
} from '../model/scenario.ts';
import { type Clock, clockFrom, type Nanoseconds, toMs, toNs } from '../model/time.ts';
import { type Judgement, type Outcome, overall } from '../model/verdict.ts';
import { waitOrAbort } from '../model/wait.ts';
import { watchAlerts } from '../probe/alerts.ts';
import { watchAllBreakers } from '../probe/breakers.ts';
import { readNow, watchReadings } from '../probe/readings.ts';
import { declaredBy } from '../probe/resilience.ts';
import { auditsOf, type LoadedScenario } from './load.ts';
import { operate } from './operate.ts';
import type { Turns } from './turns.ts';

/** How to run scenarios; the same for all of a suite. */
export interface RunOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  /** Id of the run, and the folder its report goes to. */
  run: string;
  runDir: string;
  seed: number;
  mutant: string | null;
  /** Who injects toxics. */
  links: LinkEngine;
  /** Who sends the requests. */
  load: LoadEngineName;
  /** Who else runs; left out: nobody. */
  turns?: Turns;
  /** Aborts: heals, goes down, and throws AbortedError. */
  signal: AbortSignal;
}

/** What became of a scenario. */
export interface ScenarioResult {
  name: string;
  file: string;
  outcome: Outcome;
  judgements: Judgement[];
  /** Relative to the run's folder. */
  history: string;
  seed: number;
  mutant: string | null;
  bootMs: number;
  totalMs: number;
  /** How often it was run before, on a machine too busy to judge by; those runs are kept beside this one. */
  starvedRuns: number;
}

/** How often a scenario is run anew because the machine was too busy. Never because the target failed. */
const RERUNS_MAX = 2;

/** Requests of each kind in a round of warm-up, and how long rounds go on until one is answered live. */
const WARM_UP_EACH = 2;
const WARM_UP_LIMIT_MS = 5_000;

/** Folder of a scenario inside the run's folder. */
export function scenarioDir(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
}

/**
 * Runs and judges one scenario; its history and verdicts are in the run's folder when this returns. On a
 * machine that was too busy to judge by it is run again, beside fewer, and in the end alone.
 * @throws AbortedError, EnvironmentError or UsageError; faults are lifted and the environment is down then.
 */
export async function runScenario(loaded: LoadedScenario, options: RunOptions): Promise<ScenarioResult> {
  const dir = path.join(options.runDir, scenarioDir(loaded.scenario.name));
  for (let starvedRuns = 0; ; starvedRuns++) {
    using turn = await options.turns?.take(starvedRuns === RERUNS_MAX);
    const result = await runOnce(loaded, options, starvedRuns, () => turn?.up());
    if (!starved(result.judgements)) return result;
    turn?.tooBusy();
    if (starvedRuns === RERUNS_MAX) return result;
    const kept = `${dir}~starved-${starvedRuns + 1}`;
    await rm(kept, { recursive: true, force: true });
    await rename(dir, kept);
  }
}

async function runOnce(
  { file, scenario }: LoadedScenario,
  options: RunOptions,
  starvedRuns: number,
  onUp: () => void,
): Promise<ScenarioResult> {
  const { cwd, environment, run, runDir, seed, mutant, links, load, signal } = options;
  const config = withProfile(options.config, scenario.profile);
  const { instances = 1, before = [] } = scenario;
  const dir = path.join(runDir, scenarioDir(scenario.name));
  await mkdir(dir, { recursive: true });
  const originNs = process.hrtime.bigint();
  const startedAt = new Date().toISOString();
  const now = clockFrom(originNs);
  const recorder = new Recorder();
  const scenarioSeed = seedFor(seed, scenario.name);

  const cannot = (step: Step, where: string): string[] => {
    const why = environment.cannot(step, links, config);
    return why === null ? [] : [`${where}: ${why}`];
  };
  const operation = (name: string): Step => ({ at: 0, operate: name, withinMs: 1 });
  const impossible = [
    ...scenario.timeline.flatMap((step, i) => cannot(step, `timeline[${i}]`)),
    ...before.flatMap((name, i) => cannot(operation(name), `before[${i}]`)),
    ...(instances > 1 ? cannot(operation('several'), 'instances') : []),
  ];
  let declared: Record<string, Policy> = {};
  let bootMs = 0;
  const header = (): HistoryHeader => ({
    tripcurve: 'history',
    version: HISTORY_VERSION,
    run,
    scenario,
    seed,
    environment: environment.name,
    links,
    load,
    mutant,
    impossible,
    unwatched: environment.unwatched?.(config) ?? null,
    ...factsOf(config),
    declared,
    startedAt,
  });
  const historyFile = path.join(dir, 'history.ndjson');
  try {
    // What cannot be injected here is not run at all: half a scenario proves nothing.
    if (impossible.length === 0) await runThere();
  } finally {
    await writeHistory(historyFile, recorder.history(header()));
  }
  if (signal.aborted) throw aborted(scenario);

  const judgements = judge(recorder.history(header()));
  const result: ScenarioResult = {
    name: scenario.name,
    file,
    outcome: overall(judgements.map(({ verdict }) => verdict.outcome)),
    judgements,
    history: path.relative(runDir, historyFile),
    seed,
    mutant,
    bootMs: Math.round(bootMs),
    totalMs: Math.round(toMs(now())),
    starvedRuns,
  };
  await writeFile(path.join(dir, 'verdicts.json'), `${JSON.stringify(result, null, 2)}\n`);
  return result;

  async function runThere(): Promise<void> {
    const blueprint = { config, cwd, profile: scenario.profile, mutant, links, run, originNs, now };
    await using running = await environment.up({
      ...blueprint,
      hidesNames: scenario.timeline.some((step) => 'process' in step && step.process === 'hide-name'),
      instances,
      movesTarget: scenario.timeline.some(
        (step) => 'operate' in step && 'target' in (config.operations[step.operate] ?? {}),
      ),
      before,
      seed: scenarioSeed,
      logDir: path.join(dir, 'logs'),
      emit: recorder.record,
    });
    bootMs = toMs(now());
    declared = await declaredBy(config.target, running.entryUrl);
    await conduct(scenario, running, { ...options, config, dir, now, recorder, seed: scenarioSeed, onUp });
  }
}

interface Conduct extends RunOptions {
  dir: string;
  now: Clock;
  recorder: Recorder;
  /** Called when all is warm and the load begins. */
  onUp(): void;
}

/** Everything between "up" and "down". */
async function conduct(scenario: Scenario, running: Running, options: Conduct): Promise<void> {
  const { config, run, seed, dir, now, recorder, signal } = options;
  const { faultAtMs, healAtMs, endAtMs } = phasesOf(scenario);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const plan = planLoad(scenario.traffic, config, endAtMs, seed, run);
  const load: StartOptions = {
    scenario,
    dir,
    entryUrl: running.entryUrl,
    plan,
    traffic: scenario.traffic,
    served: config.served,
    links: Object.keys(config.links),
    now,
    emit: recorder.record,
    signal: stopped,
  };
  // Each kind beside the others: they warm different parts.
  await Promise.all(
    warmUpPlans(scenario, options).map((few) =>
      warmUp({ ...load, startT: now(), plan: few }, WARM_UP_LIMIT_MS),
    ),
  );
  options.onUp();
  const { startT, driven } = await LOAD_ENGINES[options.load].start(load);
  const phase = (name: 'steady' | 'fault' | 'recovery' | 'end', atMs: number): void =>
    recorder.record({ kind: 'phase', t: startT + toNs(atMs), phase: name });

  const { readings } = config.target;
  const reading = { entryUrl: running.entryUrl, readings, now, emit: recorder.record };
  const watching = Promise.allSettled([
    watchAllBreakers(config.target, running.entryUrl, now, recorder.record, stopped),
    watchReadings(reading, stopped),
    config.alerts === undefined ? null : watchAlerts(config.alerts.prometheus, now, recorder.record, stopped),
  ]);
  const lost = Promise.race([
    running.lost.then((why) => {
      throw new EnvironmentError(`${scenario.name}: ${why}`);
    }),
    driven.then(() => new Promise<never>(() => {})), // of the load only its failure ends the run early
  ]);
  try {
    phase('steady', 0);
    // Stopped also where the environment is lost: else it would go on injecting into what is gone.
    await Promise.race([playTimeline(scenario, running, { startT, now, recorder, signal: stopped }), lost]);
    phase('fault', faultAtMs);
    phase('recovery', healAtMs);
    await Promise.race([driven, lost]);
    phase('end', endAtMs);
    await running.heal('all');
    if (Object.keys(readings).length > 0) await readNow(reading, stopped);
    recorder.record({ kind: 'residue', t: now(), left: await running.residue() });
    if (!signal.aborted) {
      const take = async (name: string): Promise<void> => {
        const { result, error } = await running.audit(name);
        recorder.record({ kind: 'audit', t: now(), name, result, error });
      };
      await Promise.all(auditsOf(scenario).map(take));
    }
  } finally {
    stop.abort();
    await Promise.allSettled([driven, watching]);
  }
}

/** For each kind of request that the scenario's load will send, two of it. */
function warmUpPlans(scenario: Scenario, { config, seed, run }: RunOptions): PlannedRequest[][] {
  const kinds = Object.keys(scenario.traffic.mix).filter((name) => (scenario.traffic.mix[name] ?? 0) > 0);
  return kinds.map((name) => {
    const traffic: Traffic = {
      ...scenario.traffic,
      mix: { [name]: 1 },
      ratePerSecond: 1_000,
      ramp: [],
      arrivals: 'constant',
    };
    return planLoad(traffic, config, WARM_UP_EACH + 0.5, seedFor(seed, name), `${run}-warm-${name}`);
  });
}

/** What ends a fault on a process; null: it ends by itself. */
const UNDO = { kill: 'start', pause: 'resume', restart: null, 'hide-name': 'show-name' } as const;

interface Playing extends Pick<Conduct, 'now' | 'recorder' | 'signal'> {
  startT: Nanoseconds;
}

/** Injects and lifts faults and carries out operations at their moments. What nobody lifts is lifted when recovery begins. */
async function playTimeline(
  scenario: Scenario,
  running: Running,
  { startT, now, recorder, signal }: Playing,
): Promise<void> {
  const actions: { atMs: number; act: () => Promise<void> }[] = [];
  for (const [i, step] of scenario.timeline.entries()) {
    if ('heal' in step) {
      actions.push({ atMs: step.at, act: () => running.heal(step.heal) });
      continue;
    }
    if ('disturb' in step) {
      const { disturb, on, at, forMs } = step;
      const name = `f${i}-disturb_${disturb}`;
      const endMs = forMs === undefined ? phasesOf(scenario).healAtMs : at + forMs;
      actions.push({ atMs: at, act: () => running.disturb(on, name, disturb, 'begin') });
      actions.push({ atMs: endMs, act: () => running.disturb(on, name, disturb, 'end') });
      continue;
    }
    if ('operate' in step) {
      actions.push({ atMs: step.at, act: () => operate(running, step, now, recorder) });
      continue;
    }
    if ('process' in step) {
      const { process: action, on, at, forMs } = step;
      const name = `f${i}-process_${action}`;
      actions.push({ atMs: at, act: () => running.process(on, name, action) });
      const undo = UNDO[action];
      const endMs = forMs === undefined ? phasesOf(scenario).healAtMs : at + forMs;
      if (undo !== null) actions.push({ atMs: endMs, act: () => running.process(on, name, undo) });
      continue;
    }
    const { inject, on, at, forMs } = step;
    const name = `f${i}-${inject.type}`;
    actions.push({ atMs: at, act: () => running.inject(on, name, inject) });
    if (forMs !== undefined) actions.push({ atMs: at + forMs, act: () => running.lift(on, name) });
  }
  actions.push({ atMs: phasesOf(scenario).healAtMs, act: () => running.heal('all') });
  actions.sort((a, b) => a.atMs - b.atMs);
  const pending: Promise<void>[] = [];
  for (const { atMs, act } of actions) {
    await waitOrAbort(toMs(startT + toNs(atMs) - now()), signal);
    if (signal.aborted) break;
    // Not awaited here: a slow control call on one link must not delay the fault due on another.
    const acting = act();
    acting.catch(() => {}); // seen below; without this a failure before that would end the process
    pending.push(acting);
  }
  await Promise.all(pending);
}

function aborted(scenario: Scenario): AbortedError {
  return new AbortedError(`${scenario.name}: stopped before its end; every fault was lifted`);
}
