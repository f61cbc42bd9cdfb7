/**
 * `tripcurve mutants`: runs the suite against the target with each of its named defects, and says
 * which scenario caught it. A defect that nothing catches means that the suite is worth nothing there.
 */
import path from 'node:path';
import { Command } from 'commander';
import { embedded } from '../environment/embedded.ts';
import { AbortedError } from '../model/errors.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { skippedLine } from '../report/terminal.ts';
import { known, loadConfig, loadScenarios } from '../scenario/load.ts';
import type { ScenarioResult } from '../scenario/run.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { partLacking } from '../scenario/skipped.ts';
import { runSuite } from '../scenario/suite.ts';
import { sentenceFor } from './exit.ts';
import { PARALLEL, SEED } from './options.ts';
import { stopOnSignal } from './run.ts';

interface Options {
  seed?: number;
  parallel: number;
  all?: boolean;
}

export function mutantsCommand(): Command {
  return new Command('mutants')
    .description('run the suite against each mutant of the target; every one must be caught')
    .argument('[names...]', 'mutants (default: all that the config names)')
    .option(...SEED)
    .option(...PARALLEL)
    .option('--all', 'do not stop a mutant at its first catch')
    .action(async (names: string[], options: Options) => {
      process.exitCode = await runMutants(names, options);
    });
}

async function runMutants(
  names: string[],
  { seed = newSeed(), parallel, all = false }: Options,
): Promise<ExitCode> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  for (const name of names) known(name, config.target.mutants, 'mutants', 'mutant');
  const mutants = names.length === 0 ? config.target.mutants : names;
  const loaded = await loadScenarios(cwd, [], config);
  const { runnable: scenarios, skipped } = await partLacking(loaded, embedded, config);
  const run = newRunId();
  const { signal } = stopOnSignal();
  let survivors = 0;
  console.log(`run ${run}: ${mutants.length} mutants, ${scenarios.length} scenarios, seed ${seed}`);
  for (const { scenario, why } of skipped)
    console.log(skippedLine({ name: scenario.scenario.name, file: scenario.file, why }));
  for (const mutant of mutants) {
    const runDir = path.join(cwd, 'reports', run, mutant);
    const caught = (result: ScenarioResult): boolean => result.outcome === 'fails';
    const entries = await runSuite(
      scenarios,
      {
        config,
        cwd,
        environment: embedded,
        run: `${run}-${mutant}`,
        runDir,
        seed,
        mutant,
        links: 'embedded',
        load: 'embedded',
        signal,
      },
      parallel,
      () => {},
      (entry) => !all && 'result' in entry && caught(entry.result),
    );
    if (signal.aborted) return EXIT.aborted;
    const error = entries.find((entry) => 'error' in entry && !(entry.error instanceof AbortedError));
    if (error !== undefined && 'error' in error) {
      console.error(`tripcurve: ${mutant}: ${sentenceFor(error.error)}`);
      return EXIT.rig;
    }
    const catches = entries.flatMap((entry) =>
      'result' in entry && caught(entry.result) ? [entry.result] : [],
    );
    if (catches.length === 0) survivors++;
    console.log(
      catches.length === 0
        ? `✗ ${mutant}: survived ${entries.length} scenarios`
        : catches.map((result) => catchLine(mutant, result)).join('\n'),
    );
  }
  console.log(`\n${mutants.length - survivors} of ${mutants.length} mutants caught`);
  return survivors === 0 ? EXIT.held : EXIT.failed;
}

function catchLine(mutant: string, result: ScenarioResult): string {
  const finding = result.judgements.find(({ verdict }) => verdict.outcome === 'fails');
  return `✓ ${mutant.padEnd(32)} caught by ${result.name}: ${finding?.check}: ${finding?.verdict.says}`;
}
