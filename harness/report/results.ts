/** What a report is made of: the outcome of every scenario of a run. */
import type { Judgement, Outcome } from '../model/verdict.ts';

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
