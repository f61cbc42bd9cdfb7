/** What a checker says, and how verdicts add up to an outcome and an exit code. */
import { z } from 'zod';

/** `inconclusive` is not green: the check had nothing to check, or the run was too poor to judge. */
export const Outcome = z.enum(['holds', 'fails', 'inconclusive']);
export type Outcome = z.infer<typeof Outcome>;

/** A number with its unit, such as `{ value: 5, unit: 'failures' }`. */
export const Quantity = z.object({ value: z.number(), unit: z.string() });
export type Quantity = z.infer<typeof Quantity>;

/** A checker's answer: outcome, one sentence, the numbers in it, and the events it rests on. */
export const Verdict = z.object({
  outcome: Outcome,
  says: z.string(),
  numbers: z.record(z.string(), Quantity),
  /** Ids of history events. At most {@link MAX_CITES}; the numbers count all of them. */
  cites: z.array(z.int()),
});
export type Verdict = z.infer<typeof Verdict>;

/** A verdict with the check it answers and where the check was asked for. */
export const Judgement = z.object({
  check: z.string(),
  /** `steady state before`, `steady state after`, `expect` or `always`. */
  part: z.string(),
  link: z.string().optional(),
  verdict: Verdict,
});
export type Judgement = z.infer<typeof Judgement>;

/** Enough to look at, few enough to read. */
export const MAX_CITES = 20;

/** One failure makes it fail; else one inconclusive makes it inconclusive; nothing judged is inconclusive too. */
export function overall(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('fails')) return 'fails';
  if (outcomes.length === 0 || outcomes.includes('inconclusive')) return 'inconclusive';
  return 'holds';
}

/** Process exit codes; see README. */
export const EXIT = { held: 0, failed: 1, rig: 2, inconclusive: 3, aborted: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a run whose scenarios ended so. */
export function exitCodeOf(outcome: Outcome): ExitCode {
  switch (outcome) {
    case 'holds':
      return EXIT.held;
    case 'fails':
      return EXIT.failed;
    case 'inconclusive':
      return EXIT.inconclusive;
  }
}
