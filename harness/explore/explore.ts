/**
 * Random search: runs schedules that are drawn, asks of each what must hold of any, and makes the smallest schedule
 * of each finding. How a schedule is run is handed in.
 */
import { AbortedError } from '../model/errors.ts';
import { phasesOf, type ScenarioInput } from '../model/scenario.ts';
import type { Judgement } from '../model/verdict.ts';
import { draw, type Space } from './draw.ts';
import { type Asked, type Broken, nameOf, type Shown, shownBy, type Tally, tally } from './findings.ts';
import { expectationsFor } from './invariants.ts';
import { shrink } from './shrink.ts';
import { sizeText } from './text.ts';

export interface ExploreOptions {
  /** Schedules to draw. */
  runs: number;
  seed: number;
  /** Schedules at a time. */
  parallel: number;
  /** Draw no more once one has broken an invariant. */
  untilFound: boolean;
  /** Tries for making one finding smaller, at most; 0: leave it as it was found. */
  shrinkRuns: number;
  signal: AbortSignal;
}

/** Runs a scenario and judges it; `folder` is a name for what is kept of it. */
export type RunSchedule = (scenario: ScenarioInput, folder: string) => Promise<Judgement[]>;

/** One schedule that was run. */
export interface Ran extends Shown {
  /** From 1. */
  index: number;
  scenario: ScenarioInput;
}

/** An invariant that does not hold, and the smallest schedule that shows it. */
export interface Finding extends Broken {
  /** Numbers of all schedules that broke it. */
  schedules: number[];
  /** The schedule it was made smaller from. */
  from: number;
  /** Out of how many repeats of that schedule it was seen again; it is made smaller only where it was. */
  again: { seen: number; of: number };
  scenario: ScenarioInput;
  /** Out of how many runs the scenario broke it under the name it is kept by, and so with other draws of the load. */
  kept: { seen: number; of: number };
  /** Tries it took to make it smaller. */
  shrinkRuns: number;
  /** False: there were no tries left, it may go smaller. */
  isSmallest: boolean;
}

export interface Explored {
  ran: Ran[];
  findings: Finding[];
  tally: Tally[];
}

/** What is told while it goes on. */
export interface Telling {
  ran(ran: Ran): void;
  shrinking(broken: Broken, from: number, size: string): void;
  found(finding: Finding): void;
}

const STOPPED = 'stopped before its end; every fault was lifted';

/** How often a schedule is run again at most, to see whether what it broke breaks again. */
const REPEATS_MAX = 3;
/** How often it must break as it is kept. */
const KEPT_RUNS = 3;

/** @throws AbortedError where the signal aborts, EnvironmentError or UsageError as running a scenario does */
export async function explore(
  space: Space,
  options: ExploreOptions,
  run: RunSchedule,
  tell: Telling,
): Promise<Explored> {
  const ran = await runAll(space, options, run, tell);
  const findings: Finding[] = [];
  for (const [broken, those] of groups(ran)) {
    const finding = await smallest(space, broken, those, options, run, tell);
    findings.push(finding);
    tell.found(finding);
  }
  return { ran, findings, tally: tally(ran) };
}

async function runAll(
  space: Space,
  { runs, seed, parallel, untilFound, signal }: ExploreOptions,
  run: RunSchedule,
  tell: Telling,
): Promise<Ran[]> {
  const ran: Ran[] = [];
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= runs && !(untilFound && ran.some(({ broken }) => broken.length > 0))) {
      if (signal.aborted) throw new AbortedError(STOPPED);
      const index = next++;
      const scenario = draw(space, seed, index);
      const one: Ran = { index, scenario, ...shownBy(await run(scenario, `schedule-${index}`)) };
      ran.push(one);
      tell.ran(one);
    }
  };
  const done = await Promise.allSettled(Array.from({ length: Math.min(parallel, runs) }, worker));
  const failed = done.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return ran.toSorted((a, b) => a.index - b.index);
}

/** Each invariant that was broken, and the schedules that broke it, the smallest first. */
function groups(ran: readonly Ran[]): [Broken, [Ran, ...Ran[]]][] {
  const names = new Set(ran.flatMap(({ broken }) => broken.map(nameOf)));
  return [...names].flatMap((name) => {
    const isIt = (one: Broken): boolean => nameOf(one) === name;
    const [first, ...others] = ran
      .filter(({ broken }) => broken.some(isIt))
      .toSorted((a, b) => sizeOf(a.scenario) - sizeOf(b.scenario));
    const broken = first?.broken.find(isIt);
    return first === undefined || broken === undefined ? [] : [[broken, [first, ...others]]];
  });
}

/** Faults first, then kinds of requests, then time. */
function sizeOf(scenario: ScenarioInput): number {
  const { healAtMs } = phasesOf(scenario);
  return scenario.timeline.length * 1e8 + Object.keys(scenario.traffic.mix).length * 1e6 + healAtMs;
}

/** Looks whether it breaks again, and makes it smaller as long as it does. */
async function smallest(
  { invariants }: Space,
  broken: Broken,
  those: readonly [Ran, ...Ran[]],
  { parallel, seed, shrinkRuns, signal }: ExploreOptions,
  run: RunSchedule,
  tell: Telling,
): Promise<Finding> {
  const name = nameOf(broken);
  const [first] = those;
  /** Asks for what was broken alone; for all, where that is asked of every run. */
  const asking = (scenario: ScenarioInput): ScenarioInput => {
    const all = expectationsFor(invariants, scenario.timeline);
    const only = all.filter((expectation) => nameOf(expectation) === name);
    return { ...scenario, expect: only.length > 0 ? only : all };
  };
  /** As it is kept beside other scenarios. */
  const named = (scenario: ScenarioInput): ScenarioInput => ({
    ...scenario,
    name: `explored/${folderOf(broken)}-${seed}-${first.index}`,
  });
  let tries = 0;
  /** What is said where it breaks in the same way; null: it does not. */
  const breaks = async (scenario: ScenarioInput): Promise<string | null> => {
    if (signal.aborted) throw new AbortedError(STOPPED);
    const shown = shownBy(await run(asking(scenario), `${folderOf(broken)}/try-${++tries}`));
    return shown.broken.find((one) => nameOf(one) === name)?.says ?? null;
  };
  const found: Finding = {
    ...broken,
    schedules: those.map(({ index }) => index),
    from: first.index,
    again: { seen: 0, of: 0 },
    scenario: asking(named(first.scenario)),
    kept: { seen: 0, of: 0 },
    shrinkRuns: 0,
    isSmallest: false,
  };
  if (shrinkRuns === 0) return found;
  tell.shrinking(broken, first.index, sizeText(first.scenario));
  const { again } = found;
  while (again.seen === 0 && again.of < REPEATS_MAX) {
    again.of++;
    if ((await breaks(first.scenario)) !== null) again.seen++;
  }
  if (again.seen === 0) return found;
  const smaller = await shrink(
    first.scenario,
    async (candidates) => {
      const said = await Promise.all(candidates.map(breaks));
      const at = said.findIndex((says) => says !== null);
      found.says = said[at] ?? found.says;
      return at;
    },
    { atOnce: parallel, runsMax: shrinkRuns },
  );
  // The smallest of all may break by a hair. What is kept must break every time: else the one it was reduced from.
  for (const candidate of smaller.path.toReversed()) {
    found.scenario = asking(named(candidate));
    found.kept = { seen: 0, of: 0 };
    while (found.kept.of < KEPT_RUNS && found.kept.seen === found.kept.of) {
      found.kept.of++;
      if ((await breaks(found.scenario)) !== null) found.kept.seen++;
    }
    if (found.kept.seen === KEPT_RUNS) break;
  }
  return { ...found, shrinkRuns: smaller.runs, isSmallest: smaller.isSmallest };
}

/** Folder of a finding: its name as a path takes it. */
export function folderOf(one: Asked): string {
  return nameOf(one).replaceAll(/[^A-Za-z0-9]+/g, '-');
}
