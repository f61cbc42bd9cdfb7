/** `tripcurve sweep`: tries policy values on outages, in a simulation, and the best of them for real. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { SWEEP_VERSION, type SweepResult, type TrafficModel } from '../model/sweep.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { KINDS } from '../policy/sweep/base-policy.ts';
import { medianRelativeError } from '../policy/sweep/compare.ts';
import { OUTAGES } from '../policy/sweep/outages.ts';
import { PARAMETERS, parseGrid, pointsOf, pointsToVerify, withValues } from '../policy/sweep/parameters.ts';
import { sweep } from '../policy/sweep/sweep.ts';
import { type VerifyOptions, verifyPoint } from '../policy/sweep/verify.ts';
import { renderSweepHtml } from '../report/sweep-html.ts';
import { sweepLines, verificationSays } from '../report/sweep-text.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { ENV, environmentOf, number, SEED, wholeNumber } from './options.ts';
import { stopOnSignal } from './run.ts';
import { basePolicy, declaredPolicy, outageOf, type SweepOptions, targetOf } from './sweep-input.ts';

const RATE_MAX = 10_000;
const RUNS_MAX = 10_000;
const OUTAGES_MAX = 50;
const DAY_S = 86_400;
const WEIGHT_MAX = 1_000;
const MINUTE_MS = 60_000;
/** What the simulation is promised to be right within. */
const RELATIVE_ERROR_MAX = 0.1;

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'find the policy values that fit an outage: simulate a grid, draw trip curves, recommend, verify',
    )
    .option('--policy <file>', 'start from a measured policy (characterise --out)')
    .addOption(new Option('--kind <kind>', 'without --policy: the kind of breaker').choices(KINDS))
    .option('--declared <file>', 'a declared policy (docs/schema/policy.schema.json), for its trip curve')
    .option('--grid <name=values>', 'values to try, such as failures=3,5,8; again for more', collect, [])
    .option('--rate <n>', 'requests/s', number(0.01, RATE_MAX), 20)
    .addOption(new Option('--arrivals <law>').choices(['poisson', 'constant']).default('poisson'))
    .option(
      '--keys <n>',
      'different requests, for a cached fallback; left out, no two are the same',
      wholeNumber(1, 1e9),
    )
    .option('--service-ms <ms>', 'time that the dependency takes for an answer', number(0, MINUTE_MS), 5)
    .option('--outage <name|file>', 'a built-in model, or a history to fit one from', 'errors')
    .option('--per-day <n>', 'outages a day, in place of what the model says', number(0, DAY_S))
    .option(
      '--errors <ratio>',
      'share of attempts that fail outside outages, in place of the model’s',
      number(0, 0.5),
    )
    .option('--runs <n>', 'outages for each point of the grid', wholeNumber(1, RUNS_MAX), 20)
    .option('--false-trips <n>', 'false trips a day that are acceptable', number(0, DAY_S), 1)
    .option(
      '--degraded-weight <n>',
      'what a degraded answer costs; a failed request costs 1',
      number(0, WEIGHT_MAX),
      0.5,
    )
    .option(
      '--wasted-weight <n>',
      'what a wasted attempt costs; a failed request costs 1',
      number(0, WEIGHT_MAX),
      0.1,
    )
    .option(...SEED)
    .option('--out <file>', 'where to write everything (JSON)')
    .option('--verify', 'run the recommended and two other points for real (needs sweep.env in the config)')
    .option(
      '--outages <n>',
      'with --verify: outages for each of these points',
      wholeNumber(1, OUTAGES_MAX),
      3,
    )
    .option('--link <name>', 'the link of the history, or to verify on; needed where there are several')
    .option(
      '--request <kind>',
      'with --verify: the kind of request to send; left out, the first that needs the link',
    )
    .addOption(ENV())
    .option('--profile <name>', 'with --verify: profile of the target', 'fast')
    .addHelpText('after', helpText())
    .action(async (options: SweepOptions) => {
      process.exitCode = await run(options);
    });
}

function collect(text: string, earlier: string[]): string[] {
  return [...earlier, text];
}

function helpText(): string {
  const width = Math.max(...[...OUTAGES.keys(), ...Object.keys(PARAMETERS)].map((name) => name.length)) + 2;
  const lines = (rows: [string, string][]): string =>
    rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
  return `
Outages:
${lines([...OUTAGES.values()].map(({ name, about }) => [name, about]))}

Parameters of the grid:
${lines(Object.entries(PARAMETERS).map(([name, { meaning }]) => [name, meaning]))}`;
}

async function run(options: SweepOptions): Promise<ExitCode> {
  const grid = parseGrid(options.grid);
  const outage = await outageOf(options);
  const { base, from } = await basePolicy(options, new Set(grid.keys()));
  const declared = await declaredPolicy(options.declared);
  // Everything that can be wrong with the command line is told before anything takes time.
  for (const values of pointsOf(grid)) withValues(base.policy, values);
  const target = options.verify === true ? await targetOf(options, outage, [...grid.keys()]) : null;
  const runId = newRunId();
  const seed = options.seed ?? newSeed();
  const stop = stopOnSignal();
  console.error(`run ${runId}, seed ${seed}`);
  const traffic: TrafficModel = {
    ratePerSecond: options.rate,
    arrivals: options.arrivals,
    keys: options.keys ?? null,
    serviceMs: options.serviceMs,
  };
  const startedAt = new Date();
  const swept = await sweep({
    policy: base.policy,
    declared,
    name: options.policy === undefined ? 'where the sweep starts' : 'measured policy',
    traffic,
    outage,
    grid,
    runs: options.runs,
    falseTripsMax: options.falseTrips,
    weights: { degraded: options.degradedWeight, wasted: options.wastedWeight },
    seed,
    signal: stop.signal,
    onProgress: (done, total) => progress(`simulating point ${done + 1} of ${total}`),
  });
  const result: SweepResult = {
    tripcurve: 'sweep',
    version: SWEEP_VERSION,
    run: runId,
    seed,
    startedAt: startedAt.toISOString(),
    policy: from,
    assumed: base.assumed,
    traffic,
    outage,
    runs: options.runs,
    ...swept,
    verification: null,
  };
  const dir = path.join(process.cwd(), 'reports', runId);
  await mkdir(dir, { recursive: true });
  if (target !== null)
    result.verification = await verified({
      ...target,
      cwd: process.cwd(),
      environment: environmentOf(options.env),
      request: options.request,
      profile: options.profile,
      run: runId,
      seed,
      logDir: path.join(dir, 'logs'),
      policy: base.policy,
      traffic,
      outage,
      outages: options.outages,
      signal: stop.signal,
      result,
    });
  clearProgress();
  for (const line of sweepLines(result)) console.log(line);
  const report = path.join(dir, 'sweep.html');
  await writeFile(report, renderSweepHtml(result));
  if (options.out !== undefined) {
    await writeFile(options.out, `${JSON.stringify(result, null, 2)}\n`);
    console.log(`written to ${options.out}`);
  }
  console.log(`report: ${path.relative(process.cwd(), report)}`);
  return exitOf(result);
}

/** Simulated only: nothing was judged. Verified: the simulation has to have been right. */
function exitOf(result: SweepResult): ExitCode {
  if (result.verification === null) return EXIT.held;
  const { medianRelativeError: error } = result.verification;
  if (error === null) return EXIT.inconclusive;
  if (error < RELATIVE_ERROR_MAX) return EXIT.held;
  console.error(
    `tripcurve: simulation and wire differ: ${verificationSays(result)}, and ${RELATIVE_ERROR_MAX * 100} % are allowed`,
  );
  return EXIT.failed;
}

async function verified({
  result,
  ...options
}: VerifyOptions & { result: SweepResult }): Promise<SweepResult['verification']> {
  const { recommended, points } = result;
  const chosen = pointsToVerify(
    points.map(({ values }) => values),
    recommended.values,
  );
  const done = [];
  for (const [i, values] of chosen.entries()) {
    progress(`running point ${i + 1} of ${chosen.length} for real`);
    done.push(await verifyPoint(options, values, i === 0));
  }
  return { points: done, medianRelativeError: medianRelativeError(done) };
}

function progress(text: string): void {
  if (process.stderr.isTTY === true) process.stderr.write(`\r\u001b[2K${text}`);
  else console.error(text);
}

function clearProgress(): void {
  if (process.stderr.isTTY === true) process.stderr.write('\r\u001b[2K');
}
