/**
 * `tripcurve mutants`: runs the suite against the target with each of its named defects, and says which check of
 * which scenario named it. A defect that nothing names means that the suite is worth nothing there.
 */
import path from 'node:path';
import { Command } from 'commander';
import { embedded } from '../environment/embedded.ts';
import { parallelIn } from '../environment/environment.ts';
import { AbortedError, UsageError } from '../model/errors.ts';
import type { MutantRow } from '../model/kill-matrix.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { writeKillMatrix } from '../report/kill-matrix.ts';
import { skippedLine } from '../report/terminal.ts';
import { known, loadConfig, loadScenarios } from '../scenario/load.ts';
import { checkMutants, mutantNames, tryMutants } from '../scenario/mutants.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { partLong } from '../scenario/select.ts';
import { partLacking } from '../scenario/skipped.ts';
import { PARALLEL, PARALLEL_CAREFUL, SEED } from './options.ts';
import { stopOnSignal } from './run.ts';

interface Options {
  seed?: number;
  parallel: number;
  all?: boolean;
  declaredOnly?: boolean;
  out?: string;
}

export function mutantsCommand(): Command {
  return new Command('mutants')
    .description('run the suite against each mutant of the target; each must be caught by what it declares')
    .argument('[names...]', 'mutants (default: all that the config names)')
    .option(...SEED)
    .option('--parallel <n>', 'mutants at a time', PARALLEL[2], PARALLEL_CAREFUL)
    .option('--all', 'do not stop a mutant at its first catch')
    .option('--declared-only', 'only the scenarios that a mutant declares, not the rest of the suite')
    .option('--out <folder>', 'where the kill matrix goes (default: reports/<run>)')
    .action(async (names: string[], options: Options) => {
      process.exitCode = await runMutants(names, options);
    });
}

async function runMutants(
  names: string[],
  { seed = newSeed(), parallel, all = false, declaredOnly = false, out }: Options,
): Promise<ExitCode> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  for (const name of names) known(name, mutantNames(config), 'mutants', 'mutant');
  const mutants = config.target.mutants.filter(({ name }) => names.length === 0 || names.includes(name));
  if (mutants.length === 0) throw new UsageError('the config names no mutants (target.mutants)');
  const loaded = await loadScenarios(cwd, [], config);
  checkMutants(config.target.mutants, loaded);
  const { short } = partLong(loaded, { tags: undefined, files: [] });
  const { runnable: scenarios, skipped } = await partLacking(short, embedded, config);
  const startedAt = new Date();
  const run = newRunId(startedAt);
  const runDir = path.resolve(cwd, out ?? path.join('reports', run));
  const { signal } = stopOnSignal();
  console.log(`run ${run}: ${mutants.length} mutants, ${scenarios.length} scenarios, seed ${seed}`);
  for (const { scenario, why } of skipped)
    console.log(skippedLine({ name: scenario.scenario.name, file: scenario.file, why }));
  await using ahead = embedded.ahead?.(run);
  const options = {
    config,
    cwd,
    environment: ahead ?? embedded,
    run,
    runDir,
    seed,
    links: 'embedded',
    load: 'embedded',
    signal,
    parallel: parallelIn(embedded, config, parallel),
    all,
    declaredOnly,
  } as const;
  const done: MutantRow[] = [];
  const write = (): Promise<void> =>
    writeKillMatrix(runDir, {
      run,
      seed,
      startedAt: startedAt.toISOString(),
      totalMs: Date.now() - startedAt.getTime(),
      scenarios: scenarios.length,
      mutants: mutants.flatMap(({ name }) => done.filter((row) => row.name === name)),
    });
  try {
    await tryMutants(mutants, scenarios, options, (row) => {
      done.push(row);
      console.log(mutantLine(row));
    });
  } catch (error) {
    // What was found before is not lost.
    if (done.length > 0) await write();
    if (signal.aborted && error instanceof AbortedError) return EXIT.aborted;
    throw error;
  }
  await write();
  const count = (fate: MutantRow['fate']): number => done.filter((row) => row.fate === fate).length;
  const unclear = count('unclear') === 0 ? '' : `, ${count('unclear')} on a machine too busy to judge by`;
  console.log(`\n${count('caught')} of ${mutants.length} mutants caught${unclear}`);
  console.log(`kill matrix: ${path.join(path.relative(cwd, runDir), 'kill-matrix.html')}`);
  if (count('missed') > 0) return EXIT.failed;
  return count('unclear') > 0 ? EXIT.inconclusive : EXIT.held;
}

const MARKS: Record<MutantRow['fate'], string> = { caught: '✓', missed: '✗', unclear: '?' };
const NAME_WIDTH = 32;

function mutantLine({ name, fate, trials, expected }: MutantRow): string {
  const findings = trials.flatMap((trial) => trial.findings);
  const found = findings.find(({ isExpected, isFailure }) => isExpected && (isFailure || fate === 'unclear'));
  const head = `${MARKS[fate]} ${name.padEnd(NAME_WIDTH)}`;
  if (found !== undefined)
    return `${head} ${fate === 'caught' ? 'caught' : 'seen'} by ${found.scenario}: ${found.check}: ${found.says}`;
  const wanted = expected.map(({ scenario, check, says }) => `${scenario}: ${check}: /${says}/`).join(' or ');
  const others = findings.map(({ scenario, check, says }) => `${scenario}: ${check}: ${says}`);
  const instead = others.length === 0 ? 'nothing was found' : `found instead: ${others.join(' | ')}`;
  return `${head} survived ${trials.length} scenarios; expected ${wanted}; ${instead}`;
}
