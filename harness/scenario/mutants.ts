/**
 * Puts mutants of the target to the suite, several at a time: each to its scenarios one after the other, those that
 * should catch it first, until one does.
 */
import path from 'node:path';
import { ALWAYS } from '../check/registry.ts';
import type { Config } from '../model/config.ts';
import { AbortedError, UsageError } from '../model/errors.ts';
import {
  type Fate,
  fateOf,
  findingsOf,
  type MutantRow,
  type Trial,
  trialOrder,
} from '../model/kill-matrix.ts';
import type { Mutant } from '../model/mutant.ts';
import { known, type LoadedScenario } from './load.ts';
import { type RunOptions, runScenario } from './run.ts';
import { LocalTurns } from './turns.ts';

/** Names of the target's mutants. */
export function mutantNames(config: Config): string[] {
  return config.target.mutants.map(({ name }) => name);
}

/** Checks what mutants declare against the scenarios there are. @throws UsageError that names the mutant and the field. */
export function checkMutants(mutants: readonly Mutant[], scenarios: readonly LoadedScenario[]): void {
  const byName = new Map(scenarios.map((loaded) => [loaded.scenario.name, loaded.scenario]));
  const names = mutants.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin !== undefined) throw new UsageError(`target.mutants: the name "${twin}" is taken twice`);
  for (const { name, expected } of mutants) {
    for (const [i, { scenario, check, link }] of expected.entries()) {
      const where = `target.mutants: ${name}: expected[${i}]`;
      known(scenario, [...byName.keys()], `${where}.scenario`, 'scenario');
      const asked = [...(byName.get(scenario)?.expect ?? []), ...(byName.get(scenario)?.steadyState ?? [])];
      const isAlways = ALWAYS.some((checker) => checker.name === check);
      const isAsked =
        isAlways || asked.some((one) => one.check === check && (link === undefined || one.link === link));
      if (!isAsked) {
        const about = link === undefined ? '' : ` of link ${link}`;
        throw new UsageError(
          `${where}.check: ${scenario} does not ask ${check}${about}; give it that check, or name another`,
        );
      }
    }
  }
}

export interface TrialOptions extends Omit<RunOptions, 'mutant' | 'runDir'> {
  /** Folder of the whole run; each mutant has one of its own within. */
  runDir: string;
  /** Mutants at a time. */
  parallel: number;
  /** Whether to go on after a catch. */
  all: boolean;
  /** Only the scenarios that should catch it. */
  declaredOnly: boolean;
}

/**
 * Runs all; the rows are in the order of the mutants.
 * @param onDone called as each ends
 * @throws AbortedError, EnvironmentError or UsageError of the first scenario that could not be run
 */
export async function tryMutants(
  mutants: readonly Mutant[],
  scenarios: readonly LoadedScenario[],
  options: TrialOptions,
  onDone: (row: MutantRow) => void,
): Promise<MutantRow[]> {
  const queue = [...mutants.entries()];
  const turns = new LocalTurns();
  const rows: MutantRow[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, mutant] = next;
      const row = await tryMutant(mutant, scenarios, { ...options, turns });
      rows[at] = row;
      onDone(row);
    }
  };
  const workers = Array.from({ length: Math.min(options.parallel, mutants.length) }, worker);
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed !== undefined && failed.status === 'rejected') throw failed.reason;
  return rows;
}

async function tryMutant(
  mutant: Mutant,
  scenarios: readonly LoadedScenario[],
  { parallel: _, all, declaredOnly, ...options }: TrialOptions,
): Promise<MutantRow> {
  const byName = new Map(scenarios.map((loaded) => [loaded.scenario.name, loaded]));
  const { name, origin, expected } = mutant;
  const startedAtMs = performance.now();
  const trials: Trial[] = [];
  const fate = (): Fate => fateOf(trials.flatMap(({ findings }) => findings));
  const declared = new Set(expected.map(({ scenario }) => scenario));
  for (const scenario of trialOrder(mutant, [...byName.keys()])) {
    const loaded = byName.get(scenario);
    if (loaded === undefined || (declaredOnly && !declared.has(scenario))) continue;
    if (options.signal.aborted) throw new AbortedError(`${name}: not started`);
    const { judgements, totalMs } = await runScenario(loaded, {
      ...options,
      run: `${options.run}-${name}`,
      runDir: path.join(options.runDir, name),
      mutant: name,
    });
    trials.push({ scenario, findings: findingsOf(mutant, scenario, judgements), totalMs });
    if (fate() === 'caught' && !all) break;
  }
  return {
    name,
    origin,
    expected,
    fate: fate(),
    trials,
    totalMs: Math.round(performance.now() - startedAtMs),
  };
}
