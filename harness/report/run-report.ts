/** A run's results gathered for its reports: written as run.json, read back by whoever makes a report of it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readHistory } from '../history/file.ts';
import type { History } from '../model/history.ts';
import type { Judgement, Outcome } from '../model/verdict.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';

/** One scenario of a run. */
export interface ReportedScenario {
  name: string;
  file: string;
  outcome: Outcome;
  judgements: Judgement[];
  /** Path of its history, relative to the run's folder. */
  history: string;
  totalMs: number;
  bootMs: number;
}

/** A scenario that could not be run, and why. */
export interface FailedScenario {
  name: string;
  file: string;
  why: string;
}

/** Everything the reports of a run are made of. */
export interface RunReport {
  run: string;
  seed: number;
  mutant: string | null;
  startedAt: string;
  totalMs: number;
  scenarios: ReportedScenario[];
  failed: FailedScenario[];
}

/** Writes verdicts.json, junit.xml and report.html into the run's folder. */
export async function writeReports(runDir: string, report: RunReport): Promise<void> {
  await mkdir(runDir, { recursive: true });
  const histories = new Map<string, History>();
  for (const { name, history } of report.scenarios)
    histories.set(name, await readHistory(path.join(runDir, history)));
  await writeFile(path.join(runDir, 'verdicts.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(path.join(runDir, 'junit.xml'), renderJunit(report));
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
