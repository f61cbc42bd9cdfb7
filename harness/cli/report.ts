/** `tripcurve report merge`: one report of the shards of a run, with their histories, and the exit code of the whole. */
import { cp, glob, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { readHistory } from '../history/file.ts';
import { messageOf, UsageError } from '../model/errors.ts';
import type { ExitCode } from '../model/verdict.ts';
import { exitCodeOfReport, mergeReports, type Part } from '../report/merge.ts';
import { readRunReport } from '../report/read.ts';
import type { RunReport } from '../report/results.ts';
import { writeReports } from '../report/run-report.ts';
import { failedLine, scenarioLine, summary } from '../report/terminal.ts';
import { newRunId } from '../scenario/run-id.ts';

interface Options {
  out?: string;
  json?: boolean;
}

export function reportCommand(): Command {
  const merge = new Command('merge')
    .description('make one report of the shards of a run; exits as the whole run would have')
    .argument('<run-folder...>', 'the folders that `run --shard` wrote, one for each shard')
    .option('--out <folder>', 'where the merged report goes: a new or empty folder (default: reports/<run>)')
    .option('--json', 'print the verdicts as JSON, and nothing else, on stdout')
    .exitOverride()
    .action(async (folders: string[], options: Options) => {
      process.exitCode = await mergeFolders(folders, options);
    });
  return new Command('report').description('work on the reports of runs').addCommand(merge);
}

async function mergeFolders(folders: readonly string[], { out, json = false }: Options): Promise<ExitCode> {
  const run = newRunId();
  const outDir = path.resolve(out ?? path.join('reports', run));
  const parts = await Promise.all(folders.map(readPart));
  const report = mergeReports(run, parts);
  await claim(outDir);
  for (const part of parts) await copyEvidence(part, outDir);
  await writeReports(outDir, report);
  if (json) console.log(JSON.stringify(report, null, 2));
  else print(report, outDir);
  return exitCodeOfReport(report);
}

async function readPart(folder: string): Promise<Part> {
  const report = await readRunReport(folder);
  const [first] = report.scenarios;
  if (first === undefined) return { folder, report, against: null };
  // One is enough: a run has one target.
  const { header } = await readHistory(path.join(folder, first.history));
  const { target, environment, links, load } = header;
  return { folder, report, against: { target, environment, links, load } };
}

/** Nothing of an earlier merge may be taken for this one's evidence. */
async function claim(outDir: string): Promise<void> {
  try {
    await mkdir(outDir, { recursive: true });
    if ((await readdir(outDir)).length > 0)
      throw new Error('it is not empty; name a new folder, or remove it first');
  } catch (error) {
    throw new UsageError(`--out ${outDir}: ${messageOf(error)}`);
  }
}

/** Histories and logs go along, those of runs on a starved machine too, so that the merged folder stands by itself. */
async function copyEvidence({ folder, report }: Part, outDir: string): Promise<void> {
  for (const { history } of report.scenarios) {
    const dir = path.dirname(history);
    const starved = await Array.fromAsync(glob(`${dir}~starved-*`, { cwd: folder }));
    for (const name of [dir, ...starved])
      await cp(path.join(folder, name), path.join(outDir, name), { recursive: true });
  }
}

function print(report: RunReport, outDir: string): void {
  for (const scenario of report.scenarios) console.log(scenarioLine(scenario));
  for (const failed of report.failed) console.log(failedLine(failed));
  console.log(summary(report, path.relative(process.cwd(), outDir)));
}
