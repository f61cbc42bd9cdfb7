/** `tripcurve up`: an environment that stays up under traffic, for an outage rehearsed by hand. */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { judge } from '../check/judge.ts';
import { linksIn } from '../environment/environment.ts';
import { writeHistory } from '../history/file.ts';
import { withProfile } from '../model/config.ts';
import { AbortedError, UsageError } from '../model/errors.ts';
import type { History } from '../model/history.ts';
import { type LinkEngine, Traffic } from '../model/scenario.ts';
import { EXIT, type ExitCode, overall } from '../model/verdict.ts';
import { waitOrAbort } from '../model/wait.ts';
import { serveControl } from '../rehearsal/control.ts';
import { type Guards, Watchman } from '../rehearsal/guards.ts';
import { Session } from '../rehearsal/session.ts';
import { renderView } from '../rehearsal/view.ts';
import type { RunReport } from '../report/results.ts';
import { writeReports } from '../report/run-report.ts';
import { scenarioLine } from '../report/terminal.ts';
import { known, loadConfig } from '../scenario/load.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { agreed } from './agreed.ts';
import { ENV, environmentOf, LINKS, number, SEED, YES } from './options.ts';
import { stopOnSignal } from './run.ts';

interface Options {
  seed?: number;
  env: string;
  links?: LinkEngine;
  yes?: boolean;
  profile: string;
  rate: number;
  abortErrorRatio?: number;
  abortLatencyMs?: number;
  abortProbe?: string;
  abortQuery?: string;
}

const EVERY_MS = 1_000;
const RATE_MAX = 1_000;
/** Folder of a rehearsal's history inside its run's folder. */
export const REHEARSAL_DIR = 'rehearsal';

export function upCommand(): Command {
  return new Command('up')
    .description('keep the environment up under traffic, and rehearse an outage from a second terminal')
    .option(...SEED)
    .addOption(ENV())
    .addOption(LINKS())
    .option(...YES)
    .option('--profile <name>', 'profile of the target', 'fast')
    .option('--rate <n>', 'requests per second, evenly over all kinds', number(0.1, RATE_MAX), 20)
    .option(
      '--abort-error-ratio <ratio>',
      'guard: heal and exit 4 when this share of requests fails',
      number(0, 1),
    )
    .option('--abort-latency-ms <ms>', 'guard: the same for the p95 latency', number(1, 3_600_000))
    .option('--abort-probe <url>', 'guard: the same when this URL does not answer 2xx')
    .option(
      '--abort-query <url>',
      'guard: the same when this Prometheus query (an /api/v1/query URL) has results',
    )
    .action(async (options: Options) => {
      process.exitCode = await up(options);
    });
}

async function up({
  seed = newSeed(),
  env,
  links,
  yes = false,
  profile,
  rate,
  ...abort
}: Options): Promise<ExitCode> {
  const cwd = process.cwd();
  const environment = environmentOf(env);
  const given = await loadConfig(cwd);
  await environment.check?.(given);
  known(profile, Object.keys(given.profiles), '--profile', 'profile');
  const config = withProfile(given, profile);
  const mix = Object.fromEntries(Object.keys(config.requests).map((name) => [name, 1]));
  if (Object.keys(mix).length === 0)
    throw new UsageError('the config has no requests, so there is no traffic to keep up');
  await agreed(environment, config, yes);
  const run = newRunId();
  const runDir = path.join(cwd, 'reports', run);
  const dir = path.join(runDir, REHEARSAL_DIR);
  await mkdir(dir, { recursive: true });
  const stop = stopOnSignal();
  const startedAt = new Date();
  const traffic = Traffic.parse({ ratePerSecond: rate, mix });
  const session = await Session.begin({
    config,
    cwd,
    environment,
    links: linksIn(environment, config, links),
    run,
    seed,
    logDir: path.join(dir, 'logs'),
    profile,
    traffic,
  });
  let history: History | null = null;
  let why: string | null = null;
  try {
    await using _control = await serveControl(cwd, run, session, () => stop.abort('down'));
    console.log(`run ${run}: ${config.target.name} is up at ${session.entryUrl}, seed ${seed}`);
    console.log('in a second terminal: tripcurve cut | slow | inject | restore | status | note | down');
    why = await watch(session, guardsOf(abort), stop);
  } finally {
    history = await session.end();
  }
  if (history === null) console.log('nothing was injected, so there is nothing to report');
  else await report(history, { run, runDir, dir, cwd, seed, startedAt });
  if (why !== null) throw new AbortedError(`stopped by a guard: ${why}; every fault was lifted`);
  return EXIT.held;
}

function guardsOf({ abortErrorRatio, abortLatencyMs, abortProbe, abortQuery }: Partial<Options>): Guards {
  return {
    errorRatio: abortErrorRatio,
    latencyMs: abortLatencyMs,
    probeUrl: abortProbe,
    prometheusQuery: abortQuery,
  };
}

/** Prints what is seen once a second until told to stop; the sentence of the guard that ended it, if one did. */
async function watch(session: Session, guards: Guards, stop: AbortController): Promise<string | null> {
  const watchman = new Watchman(guards);
  const lost = session.lost.then((text) => {
    throw new UsageError(text);
  });
  lost.catch(() => {});
  const redraws = process.stdout.isTTY === true;
  let drawn = 0;
  while (!stop.signal.aborted) {
    await Promise.race([waitOrAbort(EVERY_MS, stop.signal), lost]);
    if (stop.signal.aborted) break;
    const view = session.view();
    const lines = renderView(view);
    // In a terminal the rows stand still and change; in a file or a pipe each second is kept.
    if (redraws && drawn > 0) process.stdout.write(`\u001b[${drawn}A`);
    // A line that wraps would be two rows, and the next redraw one row off.
    for (const line of lines)
      console.log(redraws ? `\u001b[2K${line.slice(0, process.stdout.columns)}` : line);
    drawn = lines.length;
    const why = await watchman.look(view);
    if (why !== null) return why;
  }
  return null;
}

interface Where {
  run: string;
  runDir: string;
  dir: string;
  cwd: string;
  seed: number;
  startedAt: Date;
}

async function report(history: History, { run, runDir, dir, cwd, seed, startedAt }: Where): Promise<void> {
  await writeHistory(path.join(dir, 'history.ndjson'), history);
  const judgements = judge(history);
  const totalMs = Date.now() - startedAt.getTime();
  const scenario = {
    name: history.header.scenario.name,
    file: '',
    outcome: overall(judgements.map(({ verdict }) => verdict.outcome)),
    judgements,
    history: path.join(REHEARSAL_DIR, 'history.ndjson'),
    totalMs,
    bootMs: 0,
    starvedRuns: 0,
  };
  const all: RunReport = {
    run,
    seed,
    mutant: null,
    startedAt: startedAt.toISOString(),
    totalMs,
    scenarios: [scenario],
    failed: [],
  };
  await writeReports(runDir, all);
  console.log(scenarioLine(scenario));
  console.log(
    `report: ${path.relative(cwd, runDir)}/report.html; tripcurve save ${run} FILE makes a scenario of it`,
  );
}
