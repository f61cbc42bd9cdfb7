/** `tripcurve run`: runs scenarios, prints a line each, writes the run's report, exits with what came of it. */
import path from 'node:path';
import { Command } from 'commander';
import { linksIn, parallelIn } from '../environment/environment.ts';
import { LOAD_ENGINES } from '../load/engines.ts';
import type { LinkEngine, LoadEngineName } from '../model/scenario.ts';
import { EXIT, type ExitCode, exitCodeOf, overall } from '../model/verdict.ts';
import type { FailedScenario, RunReport } from '../report/results.ts';
import { writeReports } from '../report/run-report.ts';
import { failedLine, scenarioLine, skippedLine, summary } from '../report/terminal.ts';
import { known, type LoadedScenario, loadConfig, loadScenarios } from '../scenario/load.ts';
import { mutantNames } from '../scenario/mutants.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { partLong, type Shard, selectScenarios } from '../scenario/select.ts';
import { partLacking } from '../scenario/skipped.ts';
import { runSuite, type SuiteEntry } from '../scenario/suite.ts';
import { agreed } from './agreed.ts';
import { exitCodeFor, sentenceFor } from './exit.ts';
import {
  ENV,
  environmentOf,
  LIMIT,
  LINKS,
  LOAD,
  LONG_TOO,
  PARALLEL,
  SEED,
  SHARD,
  shardText,
  TAG,
  YES,
} from './options.ts';

interface Options {
  seed?: number;
  json?: boolean;
  mutant?: string;
  parallel: number;
  limit?: number;
  env: string;
  links?: LinkEngine;
  yes?: boolean;
  load: LoadEngineName;
  tag?: string[];
  shard?: Shard;
  long?: boolean;
  out?: string;
}

export function runCommand(): Command {
  return new Command('run')
    .description('run scenarios against the target and judge what was seen on the wire')
    .argument('[paths...]', 'scenario files or folders (default: scenarios/)')
    .option(...TAG)
    .option(...SHARD)
    .option(...LONG_TOO)
    .option(...SEED)
    .option('--mutant <name>', 'run against the target with one named defect')
    .option(...PARALLEL)
    .option(...LIMIT)
    .addOption(ENV())
    .addOption(LINKS())
    .option(...YES)
    .addOption(LOAD())
    .option('--out <folder>', 'where the report goes (default: reports/<run>)')
    .option('--json', 'print the verdicts as JSON, and nothing else, on stdout')
    .action(async (paths: string[], options: Options) => {
      process.exitCode = await run(paths, options);
    });
}

async function run(
  paths: string[],
  {
    seed = newSeed(),
    json = false,
    mutant,
    parallel,
    limit,
    env,
    links,
    yes = false,
    load,
    tag: tags,
    shard,
    long: longToo = false,
    out,
  }: Options,
): Promise<ExitCode> {
  const cwd = process.cwd();
  const startedAt = new Date();
  const runId = newRunId(startedAt);
  const single = environmentOf(env);
  await using ahead = single.ahead?.(runId); // begins while the scenarios are loaded
  const environment = ahead ?? single;
  const config = await loadConfig(cwd);
  await environment.check?.(config);
  if (mutant !== undefined) known(mutant, mutantNames(config), '--mutant', 'mutant');
  const files = paths.map((given) => path.relative(cwd, path.resolve(cwd, given)));
  const loaded = await loadScenarios(cwd, paths, config);
  const { short, long } = longToo ? { short: loaded, long: [] } : partLong(loaded, { tags, files });
  const scenarios = selectScenarios(short, { tags, shard });
  await agreed(environment, config, yes);
  const loadEngine = await LOAD_ENGINES[load].check(); // before anything is brought up for nothing
  const runDir = path.resolve(cwd, out ?? path.join('reports', runId));
  const say = (line: string): void => (json ? console.error(line) : console.log(line));
  say(
    `run ${runId}: ${scenarios.length} scenarios against ${config.target.name}, seed ${seed}${shard === undefined ? '' : `, shard ${shardText(shard)}`}`,
  );
  if (long.length > 0)
    say(`left out without --long: ${long.map(({ scenario }) => scenario.name).join(', ')}`);
  if (load !== 'embedded') say(`load from ${loadEngine}`);

  const stop = stopOnSignal(limit);
  const { runnable, skipped } = await partLacking(scenarios, environment, config);
  for (const each of skipped) say(skippedLine(notRun(each.scenario, each.why)));
  const entries = await runSuite(
    runnable,
    {
      config,
      cwd,
      environment,
      run: runId,
      runDir,
      seed,
      mutant: mutant ?? null,
      links: linksIn(environment, config, links),
      load,
      signal: stop.signal,
    },
    parallelIn(environment, config, parallel),
    (entry) => say(lineFor(entry)),
  );
  const report = reportOf(entries, {
    skipped: skipped.map((each) => notRun(each.scenario, each.why)),
    run: runId,
    seed,
    mutant: mutant ?? null,
    ...(shard === undefined ? {} : { shard }),
    startedAt: startedAt.toISOString(),
    totalMs: Date.now() - startedAt.getTime(),
  });
  await writeReports(runDir, report);
  if (json) console.log(JSON.stringify(report, null, 2));
  else say(summary(report, path.relative(cwd, runDir)));

  if (stop.signal.aborted) {
    console.error(
      `tripcurve: stopped by ${stop.signal.reason}; every fault was lifted and every environment is down`,
    );
    return EXIT.aborted;
  }
  const errors = entries.flatMap((entry) => ('error' in entry ? [entry.error] : []));
  const [error] = errors;
  if (error !== undefined) {
    console.error(`tripcurve: ${errors.length} of ${scenarios.length} scenarios could not be run`);
    return exitCodeFor(error);
  }
  if (shard !== undefined && runnable.length === 0) {
    const why = skipped.length === 0 ? 'there are fewer scenarios than shards' : 'all of it was skipped';
    say(`shard ${shardText(shard)} is empty: ${why}`);
    return EXIT.held;
  }
  return exitCodeOf(overall(report.scenarios.map(({ outcome }) => outcome)));
}

function lineFor(entry: SuiteEntry): string {
  return 'result' in entry
    ? scenarioLine(entry.result)
    : failedLine(notRun(entry.scenario, sentenceFor(entry.error)));
}

function notRun({ file, scenario: { name } }: LoadedScenario, why: string): FailedScenario {
  return { name, file, why };
}

/** Gathers the entries of a suite into a report. */
export function reportOf(
  entries: readonly SuiteEntry[],
  about: Omit<RunReport, 'scenarios' | 'failed'>,
): RunReport {
  const scenarios = entries.flatMap((entry) => ('result' in entry ? [entry.result] : []));
  const failed = entries.flatMap((entry) =>
    'error' in entry ? [notRun(entry.scenario, sentenceFor(entry.error))] : [],
  );
  return { ...about, scenarios: scenarios.toSorted((a, b) => a.name.localeCompare(b.name)), failed };
}

/** Reason of an abort by signal; completes "stopped by". */
const A_PERSON = 'a person';

/**
 * Aborts at the first Ctrl-C or SIGTERM; at the second the process goes at once, and its hosts heal.
 * @param limitS aborts after so many seconds too
 */
export function stopOnSignal(limitS?: number): AbortController {
  const stop = new AbortController();
  // Nothing else left to do means that it is over: the guard alone keeps no process.
  if (limitS !== undefined)
    setTimeout(() => stop.abort(`the guard --limit ${limitS}`), limitS * 1_000).unref();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(EXIT.aborted);
      console.error(
        `\ntripcurve: ${signal}: lifting every fault and taking the environments down (again to leave at once)`,
      );
      stop.abort(A_PERSON);
    });
  }
  return stop;
}
