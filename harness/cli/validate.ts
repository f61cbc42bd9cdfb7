/** `tripcurve validate`: what a service declares, beside what it does; and a lock file that notices when it changes. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { parse } from 'yaml';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { MeasuredPolicy } from '../model/measured.ts';
import { validate } from '../model/validate.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { FORMATS, readDeclaration } from '../policy/declared/registry.ts';
import { compare, compareWithLock, type Row } from '../policy/validate.ts';
import { comparisonLines } from '../report/policy-text.ts';
import { type MeasuringOptions, measureOnce, measuring } from './characterise.ts';

interface Options extends MeasuringOptions {
  declared?: string;
  format?: string;
  lock?: string;
  measured?: string;
  update?: true;
}

const FETCH_LIMIT_MS = 5_000;

export function validateCommand(): Command {
  return measuring(
    new Command('validate').description(
      'compare the policy a service declares with the one that is measured; exit 1 on drift',
    ),
  )
    .option('--declared <file|url>', 'what it declares: JSON or YAML, of one link or with a key for each')
    .addOption(
      new Option('--format <name>', 'whose words it is in; left out, told by its keys').choices(FORMATS),
    )
    .option('--lock <file>', 'keep the measured policy in this file; where it is there, compare with it')
    .option('--update', 'with --lock: take what is measured now as the new truth')
    .option('--measured <file>', 'compare a policy measured before (characterise --out), and measure nothing')
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
}

async function run(options: Options): Promise<ExitCode> {
  const { declared, lock, format, update } = options;
  if (declared === undefined && lock === undefined)
    throw new UsageError('validate needs --declared or --lock: there is nothing to compare with');
  // What can be wrong with the files is said before a minute is spent on measuring.
  const document = declared === undefined ? null : await readDocument(declared);
  const locked = lock !== undefined && existsSync(lock) ? await readMeasured(lock) : null;
  if (declared !== undefined && options.link !== undefined)
    readDeclaration(document, options.link, declared, format);
  const measured =
    options.measured === undefined ? await measureOnce(options) : await readMeasured(options.measured);
  const rows: Row[] = [];
  if (declared !== undefined) {
    const compared = compare(readDeclaration(document, measured.link, declared, format), measured);
    for (const line of comparisonLines(`declared in ${declared}`, compared)) console.log(line);
    rows.push(...compared);
  }
  if (lock !== undefined && locked !== null && update !== true) {
    if (locked.link !== measured.link)
      throw new UsageError(`${lock} holds link ${locked.link}, and ${measured.link} was measured`);
    const compared = compareWithLock(locked, measured);
    for (const line of comparisonLines(`locked in ${lock} on ${locked.measuredAt.slice(0, 10)}`, compared))
      console.log(line);
    rows.push(...compared);
  } else if (lock !== undefined) {
    await writeFile(lock, `${JSON.stringify(measured, null, 2)}\n`);
    console.log(`${locked === null ? 'locked' : 'updated'}: ${path.relative(process.cwd(), lock)}`);
  }
  return exitFor(rows, locked === null || update === true);
}

/** Drift is 1. Where nothing at all could be compared, that is no proof of anything: 3. */
function exitFor(rows: readonly Row[], wasWritten: boolean): ExitCode {
  if (rows.some(({ outcome }) => outcome === 'drift')) return EXIT.failed;
  if (rows.length > 0 && rows.every(({ outcome }) => outcome === 'unknown')) return EXIT.inconclusive;
  return rows.length === 0 && !wasWritten ? EXIT.inconclusive : EXIT.held;
}

async function readDocument(source: string): Promise<unknown> {
  try {
    if (!/^https?:/.test(source)) return parse(await readFile(source, 'utf8')); // JSON is YAML
    const response = await fetch(source, { signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.json();
  } catch (error) {
    throw new EnvironmentError(`--declared ${source} cannot be read: ${messageOf(error)}`);
  }
}

async function readMeasured(file: string): Promise<MeasuredPolicy> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: is no measured policy: ${messageOf(error)}`);
  }
  return validate(MeasuredPolicy, value, file);
}
