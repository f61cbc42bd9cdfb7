/** `tripcurve validate`: what a service declares, beside what it does; and a lock file that notices when it changes. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { messageOf, UsageError } from '../model/errors.ts';
import { MeasuredPolicy } from '../model/measured.ts';
import { validate } from '../model/validate.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { WireRecord } from '../model/wire.ts';
import { FORMATS, readDeclaration } from '../policy/declared/registry.ts';
import { compare, compareWithLock, type Row } from '../policy/validate.ts';
import type { Comparison } from '../report/policy-html.ts';
import { comparisonLines } from '../report/policy-text.ts';
import { newRunId } from '../scenario/run-id.ts';
import { type MeasuringOptions, measureOnce, measuring, wireFileOf, writePage } from './characterise.ts';
import { askTarget, readDocument, sourceOf } from './declaration.ts';

interface Options extends MeasuringOptions {
  declared?: string;
  format?: string;
  lock?: string;
  measured?: string;
  update?: true;
}

export function validateCommand(): Command {
  return measuring(
    new Command('validate').description(
      'compare the policy a service declares with the one that is measured; exit 1 on drift',
    ),
  )
    .option(
      '--declared <file|url|entry:/path>',
      'what it declares: JSON or YAML, of one link or with a key for each; entry:/path asks the target for it',
    )
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
  const source = declared === undefined ? null : sourceOf(declared);
  const isAsked = source?.from === 'entry';
  if (isAsked && options.measured !== undefined)
    throw new UsageError(`--declared ${declared}: with --measured no target is up that could be asked`);
  let document = source === null || source.from === 'entry' ? null : await readDocument(source);
  const locked = lock !== undefined && existsSync(lock) ? await readMeasured(lock) : null;
  if (declared !== undefined && !isAsked && options.link !== undefined)
    readDeclaration(document, options.link, declared, format);
  const onUp: Parameters<typeof measureOnce>[1] = async ({ entryUrl, config, link }) => {
    if (source?.from !== 'entry' || declared === undefined) return;
    document = await askTarget(entryUrl, source.path, config.target.resiliencePath);
    readDeclaration(document, link, declared, format);
  };
  const {
    policy: measured,
    wire,
    run: runId,
  } = options.measured === undefined
    ? await measureOnce(options, onUp)
    : await measuredBefore(options.measured);
  const comparisons: Comparison[] = [];
  const lay = (heading: string, rows: readonly Row[]): void => {
    for (const line of comparisonLines(heading, rows)) console.log(line);
    comparisons.push({ heading, rows });
  };
  if (declared !== undefined) {
    const said = readDeclaration(document, measured.link, declared, format);
    lay(`declared in ${declared}`, compare(said, measured));
  }
  if (lock !== undefined && locked !== null && update !== true) {
    if (locked.link !== measured.link)
      throw new UsageError(`${lock} holds link ${locked.link}, and ${measured.link} was measured`);
    lay(`locked in ${lock} on ${locked.measuredAt.slice(0, 10)}`, compareWithLock(locked, measured));
  } else if (lock !== undefined) {
    await writeFile(lock, `${JSON.stringify(measured, null, 2)}\n`);
    console.log(`${locked === null ? 'locked' : 'updated'}: ${path.relative(process.cwd(), lock)}`);
  }
  await writePage({ policy: measured, wire, comparisons }, runId, options.html);
  const rows = comparisons.flatMap((one) => one.rows);
  return exitFor(rows, locked === null || update === true);
}

/** Drift is 1. Where nothing at all could be compared, that is no proof of anything: 3. */
function exitFor(rows: readonly Row[], wasWritten: boolean): ExitCode {
  if (rows.some(({ outcome }) => outcome === 'drift')) return EXIT.failed;
  if (rows.length > 0 && rows.every(({ outcome }) => outcome === 'unknown')) return EXIT.inconclusive;
  return rows.length === 0 && !wasWritten ? EXIT.inconclusive : EXIT.held;
}

/** What was measured before, and what was seen then, where that was kept. */
async function measuredBefore(
  file: string,
): Promise<{ policy: MeasuredPolicy; wire: WireRecord | null; run: string }> {
  const policy = await readMeasured(file);
  const seen = wireFileOf(file);
  const run = newRunId();
  if (!existsSync(seen)) return { policy, wire: null, run };
  const wire = validate(WireRecord, await readJson(seen, 'no record of what was seen'), seen);
  // Of another measurement it would be evidence for nothing.
  return { policy, wire: wire.measuredAt === policy.measuredAt ? wire : null, run };
}

async function readMeasured(file: string): Promise<MeasuredPolicy> {
  return validate(MeasuredPolicy, await readJson(file, 'no measured policy'), file);
}

async function readJson(file: string, isNot: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: is ${isNot}: ${messageOf(error)}`);
  }
}
