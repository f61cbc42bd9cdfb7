/** Writes the reports of a run, and reads back what a test runner's workers left of one. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readHistory } from '../history/file.ts';
import type { History } from '../model/history.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import type { ReportedScenario, RunReport } from './results.ts';

/** Writes verdicts.json, junit.xml, summary.md and report.html into the run's folder. */
export async function writeReports(runDir: string, report: RunReport): Promise<void> {
  await mkdir(runDir, { recursive: true });
  const histories = new Map<string, History>();
  for (const { name, history } of report.scenarios)
    histories.set(name, await readHistory(path.join(runDir, history)));
  await writeFile(path.join(runDir, 'verdicts.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(path.join(runDir, 'junit.xml'), renderJunit(report));
  await writeFile(path.join(runDir, 'summary.md'), renderMarkdown(report));
  await writeFile(path.join(runDir, 'report.html'), renderHtml(report, histories));
}

/** Reads the per-scenario results that lie in a run's folder, as a test runner's workers left them. */
export async function readResult(runDir: string, scenarioDir: string): Promise<ReportedScenario | null> {
  try {
    return JSON.parse(
      await readFile(path.join(runDir, scenarioDir, 'verdicts.json'), 'utf8'),
    ) as ReportedScenario;
  } catch {
    return null; // it did not get that far
  }
}
