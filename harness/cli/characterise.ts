/** `tripcurve characterise`: measures what a service does when a dependency fails, from the wire. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import type { Environment } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import { AbortedError, UsageError } from '../model/errors.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { LIMITS } from '../policy/characterise.ts';
import { forecastLines } from '../policy/forecast.ts';
import type { LabLimits } from '../policy/lab.ts';
import { kindsFor } from '../policy/live-bench.ts';
import { type Measured, measure } from '../policy/measure.ts';
import { type PolicyPage, renderPolicyHtml } from '../report/policy-html.ts';
import { policyLines } from '../report/policy-text.ts';
import { known, loadConfig } from '../scenario/load.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { agreed } from './agreed.ts';
import { ENV, environmentOf, number, SEED, wholeNumber, YES } from './options.ts';
import { stopOnSignal } from './run.ts';

export interface MeasuringOptions {
  html?: string;
  link?: string;
  request?: string;
  seed?: number;
  env: string;
  yes?: boolean;
  profile: string;
  patience: number;
  calls: number;
  burst: number;
  replicas: number;
}

interface Options extends MeasuringOptions {
  out?: string;
  dryRun?: true;
}

/** Options of every command that measures. */
export function measuring(command: Command): Command {
  return command
    .option(
      '--link <name>',
      'the link to measure; can be left out where there is one only, or one that reads http',
    )
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
    .option('--burst <n>', 'requests at once, at most', wholeNumber(4, 200), LIMITS.burstMax)
    .option(
      '--replicas <n>',
      'so many targets of its own measure side by side, which takes less time; as many as there are cores at most',
      wholeNumber(1, 64),
      1,
    )
    .option('--html <file>', 'where the page goes (default: reports/<run>/policy.html)');
}

export function characteriseCommand(): Command {
  return measuring(
    new Command('characterise').description(
      "measure timeouts, retries, breaker and fallback of a target's link, from the wire",
    ),
  )
    .option('--out <file>', 'where to write the measured policy (JSON); what was seen goes beside it')
    .option('--dry-run', 'say what would be done, and with how many requests at most')
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

async function run(options: Options): Promise<ExitCode> {
  if (options.dryRun === true) {
    checkReplicas(options.replicas, environmentOf(options.env));
    const config = await loadConfig(process.cwd());
    const link = linkOf(options, config);
    const kinds = options.request === undefined ? kindsFor(config, link).length : 1;
    for (const line of forecastLines({ ...LIMITS, ...limitsOf(options) }, kinds, options.replicas))
      console.log(line);
    return EXIT.held;
  }
  const { run: runId, policy, wire } = await measureOnce(options);
  for (const line of policyLines(policy)) console.log(line);
  console.log('');
  if (options.out !== undefined) {
    await writeFile(options.out, `${JSON.stringify(policy, null, 2)}\n`);
    const seen = wireFileOf(options.out);
    await writeFile(seen, `${JSON.stringify(wire)}\n`);
    console.log(`written to ${options.out}, and what was seen to ${seen}`);
  }
  await writePage({ policy, wire }, runId, options.html);
  if (!policy.complete) throw new AbortedError('not everything could be measured; what is known is above');
  return EXIT.held;
}

/** Where what was seen is kept, beside the policy that was measured of it: policy.json, policy.wire.json. */
export function wireFileOf(file: string): string {
  const { dir, name } = path.parse(file);
  return path.join(dir, `${name}.wire.json`);
}

/** Writes the page and says where. */
export async function writePage(page: PolicyPage, run: string, file?: string): Promise<void> {
  const at = path.resolve(file ?? path.join('reports', run, 'policy.html'));
  await mkdir(path.dirname(at), { recursive: true });
  await writeFile(at, renderPolicyHtml(page));
  console.log(`report: ${path.relative(process.cwd(), at)}`);
}

/**
 * Measures as the options say, with a progress line on stderr. Ctrl-C keeps what is known so far.
 * @param onUp called when the target is up, before it is measured
 */
export async function measureOnce(
  options: MeasuringOptions,
  onUp?: (up: { entryUrl: string; config: Config; link: string }) => Promise<void>,
): Promise<Measured & { run: string }> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  known(options.profile, Object.keys(config.profiles), '--profile', 'profile');
  const link = linkOf(options, config);
  if (options.request !== undefined)
    known(options.request, Object.keys(config.requests), '--request', 'request');
  const environment = environmentOf(options.env);
  checkReplicas(options.replicas, environment);
  await agreed(environment, config, options.yes === true);
  const run = newRunId();
  const seed = options.seed ?? newSeed();
  const stop = stopOnSignal();
  console.error(`run ${run}, seed ${seed}`);
  const isTerminal = process.stderr.isTTY === true;
  const measured = await measure({
    config,
    cwd,
    environment,
    link,
    request: options.request,
    profile: options.profile,
    run,
    seed,
    logDir: path.join(cwd, 'reports', run, 'logs'),
    replicas: options.replicas,
    limits: limitsOf(options),
    signal: stop.signal,
    onUp: onUp === undefined ? undefined : (entryUrl) => onUp({ entryUrl, config, link }),
    onProgress: (text, done, total) => {
      const bar = `${'#'.repeat(done)}${'.'.repeat(total - done)}`;
      if (isTerminal) process.stderr.write(`\r\u001b[2K[${bar}] ${text}`);
      else console.error(`[${bar}] ${text}`);
    },
  });
  if (isTerminal) process.stderr.write('\r\u001b[2K');
  return { ...measured, run };
}

function limitsOf({
  patience,
  calls,
  burst,
}: MeasuringOptions): Pick<LabLimits, 'patienceMs' | 'callsMax' | 'burstMax'> {
  return { patienceMs: patience, callsMax: calls, burstMax: burst };
}

/** @throws UsageError where it is not said and there is not one alone */
function linkOf(options: MeasuringOptions, config: Config): string {
  const names = Object.keys(config.links);
  const http = names.filter((name) => config.links[name]?.protocol === 'http');
  const [only] = names.length === 1 ? names : http.length === 1 ? http : [];
  const link = options.link ?? only;
  if (link === undefined) throw new UsageError(`--link is needed: the config has ${names.join(' and ')}`);
  known(link, names, '--link', 'link');
  return link;
}

/** @throws UsageError where so many cannot be had, or would disturb each other's times */
function checkReplicas(replicas: number, { name, parallelMax, isThere }: Environment): void {
  if (replicas === 1) return;
  if (isThere === true)
    throw new UsageError(
      `--replicas ${replicas}: what runs in environment ${name} is there once, so there is one replica of it; leave --replicas out, or choose --env embedded`,
    );
  const cores = os.availableParallelism();
  const most = Math.min(parallelMax ?? cores, cores);
  if (replicas > most)
    throw new UsageError(
      `--replicas ${replicas}: replicas that share a core disturb each other's times, and this machine has ${cores} cores; in environment ${name} at most ${most} can measure side by side`,
    );
}
