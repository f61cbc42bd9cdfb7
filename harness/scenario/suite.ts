/** Runs several scenarios, some at a time, each with an environment of its own. */
import { AbortedError } from '../model/errors.ts';
import { phasesOf } from '../model/scenario.ts';
import type { LoadedScenario } from './load.ts';
import { type RunOptions, runScenario, type ScenarioResult } from './run.ts';
import { LocalTurns } from './turns.ts';

/**
 * Scenarios at once on two cores: they mostly wait for time to pass. Four use 85 % of two cores; one in a hundred then
 * finds the machine too busy to judge by, and is run again.
 */
export const PARALLEL_DEFAULT = 4;

/** What became of one scenario of a suite: a result, or the error that kept it from one. */
export type SuiteEntry = { scenario: LoadedScenario } & ({ result: ScenarioResult } | { error: unknown });

/**
 * Runs all; a scenario that cannot run does not keep the others from running.
 * @param onDone called as each ends, in the order in which they end
 * @param stopWhen return true to start no more, such as after the first catch of a mutant
 */
export async function runSuite(
  scenarios: readonly LoadedScenario[],
  options: RunOptions,
  parallel: number,
  onDone: (entry: SuiteEntry) => void,
  stopWhen: (entry: SuiteEntry) => boolean = () => false,
): Promise<SuiteEntry[]> {
  // Longest first: at the end no worker is left alone with a long one.
  const queue = scenarios.toSorted((a, b) => lengthMs(b) - lengthMs(a));
  const done: SuiteEntry[] = [];
  const turns = new LocalTurns();
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (let scenario = queue.shift(); scenario !== undefined && !stopped; scenario = queue.shift()) {
      const entry = await attempt(scenario, { ...options, turns });
      done.push(entry);
      onDone(entry);
      if (stopWhen(entry) || ('error' in entry && entry.error instanceof AbortedError)) stopped = true;
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, scenarios.length) }, worker));
  return done;
}

function lengthMs({ scenario }: LoadedScenario): number {
  return phasesOf(scenario).endAtMs;
}

async function attempt(scenario: LoadedScenario, options: RunOptions): Promise<SuiteEntry> {
  if (options.signal.aborted) {
    return { scenario, error: new AbortedError(`${scenario.scenario.name}: not started`) };
  }
  try {
    return { scenario, result: await runScenario(scenario, options) };
  } catch (error) {
    return { scenario, error };
  }
}
