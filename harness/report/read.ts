/** Reads back what a run left in its folder, for those who put several together. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, UsageError } from '../model/errors.ts';
import { validate } from '../model/validate.ts';
import { Judgement, Outcome } from '../model/verdict.ts';
import type { RunReport } from './results.ts';

/** Loose, so that what a scenario's entry says beyond this is handed on. */
const ReportedScenario = z.looseObject({
  name: z.string(),
  file: z.string(),
  outcome: Outcome,
  judgements: z.array(Judgement),
  history: z.string().refine(isInside, 'must be a path inside the folder of the run'),
  totalMs: z.number(),
  bootMs: z.number(),
  starvedRuns: z.number(),
});

const NotRun = z.object({ name: z.string(), file: z.string(), why: z.string() });

const RunReportFile = z.object({
  run: z.string(),
  seed: z.number(),
  mutant: z.string().nullable(),
  shard: z.object({ index: z.int().min(1), total: z.int().min(1) }).optional(),
  startedAt: z.iso.datetime(),
  totalMs: z.number(),
  scenarios: z.array(ReportedScenario),
  failed: z.array(NotRun),
  skipped: z.array(NotRun).optional(),
}) satisfies z.ZodType<RunReport>;

/** A report that came from elsewhere must not make us copy what it doesn't own. */
function isInside(file: string): boolean {
  return !path.isAbsolute(file) && path.dirname(file) !== '.' && !file.split(/[\\/]/).includes('..');
}

/** @throws UsageError with the file and what is wrong with it. */
export async function readRunReport(runDir: string): Promise<RunReport> {
  const file = path.join(runDir, 'verdicts.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${runDir}: is not the folder of a run: ${messageOf(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${file}: not JSON; was the file cut off?`);
  }
  return validate(RunReportFile, value, file);
}
