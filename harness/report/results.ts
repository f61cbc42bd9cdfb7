/** What a report is made of: the outcome of every scenario of a run. */
import type { Judgement, Outcome } from '../model/verdict.ts';
import type { Shard } from '../scenario/select.ts';

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
  starvedRuns: number;
}

/** A scenario that could not be run, or was skipped, and why. */
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
  /** Where the run was one part of a larger one. */
  shard?: Shard | undefined;
  startedAt: string;
  totalMs: number;
  scenarios: ReportedScenario[];
  failed: FailedScenario[];
  /** Not run, because this machine lacks what they need. */
  skipped?: FailedScenario[] | undefined;
}

/** Sentences of a scenario's line: what is wrong, or, where nothing is, the first things it proved. */
export interface Headline {
  says: string[];
  /** How many more expectations held. */
  more: number;
}

/** More would not fit a line. */
const SENTENCES = 2;

/** What to say of a scenario in one line. */
export function headline({ judgements }: Pick<ReportedScenario, 'judgements'>): Headline {
  const wrong = judgements.filter(({ verdict }) => verdict.outcome !== 'holds');
  if (wrong.length > 0) return { says: wrong.map(({ verdict }) => verdict.says), more: 0 };
  const expected = judgements.filter(({ part }) => part === 'expect').map(({ verdict }) => verdict.says);
  return { says: expected.slice(0, SENTENCES), more: Math.max(0, expected.length - SENTENCES) };
}
