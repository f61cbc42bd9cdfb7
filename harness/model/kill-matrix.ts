/** What became of each mutant of a target: which check of which scenario found what. Pure functions of verdicts. */
import type { ExpectedFinding, Mutant } from './mutant.ts';
import type { Judgement } from './verdict.ts';

/** A check that did not hold against a mutant. */
export interface Finding {
  scenario: string;
  check: string;
  /** Part of the scenario it was asked in, such as `expect`. */
  part: string;
  link?: string | undefined;
  says: string;
  /** Whether it is what the mutant must be caught by. */
  isExpected: boolean;
  /** Whether it failed; an expected one that did not was told on a machine too busy to judge by. */
  isFailure: boolean;
}

/** `unclear`: the expected finding was made on a machine too busy to judge by, and no other time. */
export type Fate = 'caught' | 'missed' | 'unclear';

/** One scenario that a mutant was put to. */
export interface Trial {
  scenario: string;
  findings: Finding[];
  totalMs: number;
}

/** All trials of one mutant. */
export interface MutantRow {
  name: string;
  origin: string;
  expected: ExpectedFinding[];
  fate: Fate;
  trials: Trial[];
  totalMs: number;
}

/** A whole run. */
export interface KillMatrix {
  run: string;
  seed: number;
  startedAt: string;
  totalMs: number;
  /** Scenarios that the suite holds, and that a mutant may be put to. */
  scenarios: number;
  mutants: MutantRow[];
}

/** Whether a judgement is what a mutant must be caught by, whichever scenario made it. */
function isExpected(mutant: Mutant, { check, link, verdict }: Judgement): boolean {
  return mutant.expected.some(
    (expected) =>
      expected.check === check &&
      (expected.link === undefined || expected.link === link) &&
      new RegExp(expected.says).test(verdict.says),
  );
}

/** What a scenario found of a mutant: all that failed, and what was expected and could not be judged. */
export function findingsOf(mutant: Mutant, scenario: string, judgements: readonly Judgement[]): Finding[] {
  return judgements.flatMap((judgement) => {
    const { check, part, link, verdict } = judgement;
    if (verdict.outcome === 'holds') return [];
    const expected = isExpected(mutant, judgement);
    const isFailure = verdict.outcome === 'fails';
    if (!isFailure && !expected) return [];
    const { says } = verdict;
    return [
      {
        scenario,
        check,
        part,
        ...(link === undefined ? {} : { link }),
        says,
        isExpected: expected,
        isFailure,
      },
    ];
  });
}

/** A mutant is caught by what was expected of it, and by nothing else. */
export function fateOf(findings: readonly Finding[]): Fate {
  const expected = findings.filter((finding) => finding.isExpected);
  if (expected.length === 0) return 'missed';
  return expected.some(({ isFailure }) => isFailure) ? 'caught' : 'unclear';
}

/** The scenarios a mutant is put to, in order: those that should catch it, then the others. */
export function trialOrder(mutant: Mutant, scenarios: readonly string[]): string[] {
  const declared = [...new Set(mutant.expected.map(({ scenario }) => scenario))].filter((name) =>
    scenarios.includes(name),
  );
  return [...declared, ...scenarios.filter((name) => !declared.includes(name))];
}
