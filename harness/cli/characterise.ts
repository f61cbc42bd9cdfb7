/** `tripcurve characterise`: measures what a service does when a dependency fails, from the wire. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { AbortedError, UsageError } from '../model/errors.ts';
import type { MeasuredPolicy } from '../model/measured.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { EXPERIMENTS, LIMITS } from '../policy/characterise.ts';
import { measure } from '../policy/measure.ts';
import { policyLines } from '../report/policy-text.ts';
import { known, loadConfig } from '../scenario/load.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { agreed } from './agreed.ts';
import { ENV, environmentOf, number, SEED, wholeNumber, YES } from './options.ts';
import { stopOnSignal } from './run.ts';

export interface MeasuringOptions {
  link?: string;
  request?: string;
  seed?: number;
  env: string;
  yes?: boolean;
  profile: string;
  patience: number;
  calls: number;
  burst: number;
}

interface Options extends MeasuringOptions {
  out?: string;
  dryRun?: true;
}

/** Options of every command that measures. */
export function measuring(command: Command): Command {
  return command
    .option('--link <name>', 'the link to measure; all are when there is one only')
    .option('--request <kind>', 'the kind of request to ask; left out, the first that reaches the link')
    .option(...SEED)
    .addOption(ENV())
    .option(...YES)
    .option('--profile <name>', 'profile of the target', 'fast')
    .option(
      '--patience <ms>',
      'a timeout longer than this is reported as none',
      number(100, 600_000),
      LIMITS.patienceMs,
    )
    .option(
      '--calls <n>',
      'failed calls in a row after which a breaker is taken as absent',
      wholeNumber(5, 500),
      LIMITS.callsMax,
    )
    .option('--burst <n>', 'requests at once, at most', wholeNumber(4, 200), LIMITS.burstMax);
}

export function characteriseCommand(): Command {
  return measuring(
    new Command('characterise').description(
      "measure timeouts, retries, breaker and fallback of a target's link, from the wire",
    ),
  )
    .option('--out <file>', 'where to write the measured policy (JSON)')
    .option('--dry-run', 'say what would be done, and with how many requests at most')
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

async function run(options: Options): Promise<ExitCode> {
  if (options.dryRun === true) {
    for (const line of planLines(options)) console.log(line);
    return EXIT.held;
  }
  const policy = await measureOnce(options);
  for (const line of policyLines(policy)) console.log(line);
  if (options.out !== undefined) {
    await writeFile(options.out, `${JSON.stringify(policy, null, 2)}\n`);
    console.log(`\nwritten to ${options.out}`);
  }
  if (!policy.complete) throw new AbortedError('not everything could be measured; what is known is above');
  return EXIT.held;
}

/** Measures as the options say, with a progress line on stderr. Ctrl-C keeps what is known so far. */
export async function measureOnce(options: MeasuringOptions): Promise<MeasuredPolicy> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  known(options.profile, Object.keys(config.profiles), '--profile', 'profile');
  const http = Object.entries(config.links).filter(([, { protocol }]) => protocol === 'http');
  const link = options.link ?? (http.length === 1 ? http[0]?.[0] : undefined);
  if (link === undefined)
    throw new UsageError(`--link is needed: the config has ${http.map(([name]) => name).join(' and ')}`);
  known(link, Object.keys(config.links), '--link', 'link');
  if (options.request !== undefined)
    known(options.request, Object.keys(config.requests), '--request', 'request');
  const environment = environmentOf(options.env);
  await agreed(environment, config, options.yes === true);
  const run = newRunId();
  const seed = options.seed ?? newSeed();
  const stop = stopOnSignal();
  console.error(`run ${run}, seed ${seed}`);
  const isTerminal = process.stderr.isTTY === true;
  const policy = await measure({
    config,
    cwd,
    environment,
    link,
    request: options.request,
    profile: options.profile,
    run,
    seed,
    logDir: path.join(cwd, 'reports', run, 'logs'),
    limits: { patienceMs: options.patience, callsMax: options.calls, burstMax: options.burst },
    signal: stop.signal,
    onProgress: (text, done, total) => {
      const bar = `${'#'.repeat(done)}${'.'.repeat(total - done)}`;
      if (isTerminal) process.stderr.write(`\r\u001b[2K[${bar}] ${text}`);
      else console.error(`[${bar}] ${text}`);
    },
  });
  if (isTerminal) process.stderr.write('\r\u001b[2K');
  return policy;
}

function planLines({ calls, burst, patience }: Options): string[] {
  return [
    `experiments: ${EXPERIMENTS.join(', ')}`,
    `requests: one after the other, but for bursts of at most ${burst}; at most ${calls} failed calls in a row for each of four shapes until one trips a breaker,`,
    `  then about 40 trips of as many calls as the first took, and light calls while it is open (a step of 1.2 % of the time that has passed)`,
    `time: 25 × (open duration + timeout) + 20 s; without a breaker about a minute; a hang is waited for ${patience} ms`,
    'nothing but the entry of the target and the chosen link is touched; every fault is lifted at the end, at Ctrl-C and when this process dies',
  ];
}
