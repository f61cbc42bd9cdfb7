/** A mutant: the target with one named defect, and what a suite worth its name says of it. */
import { z } from 'zod';

/** What must be found. A mutant that is caught for another reason is missed. */
export const ExpectedFinding = z.strictObject({
  /** Name of the scenario that should find it; it is run first. */
  scenario: z.string().min(1),
  /** Name of the check that must fail. */
  check: z.string().min(1),
  /** Link that the check must be about; left out: any, or none. */
  link: z.string().optional(),
  /** A regular expression that matches what the check says, and so names the defect. */
  says: z.string().min(1).refine(isPattern, { error: 'must be a regular expression' }),
});
export type ExpectedFinding = z.infer<typeof ExpectedFinding>;

export const Mutant = z.strictObject({
  /** As the target's own variable takes it. */
  name: z.string().min(1),
  /** One line: where the defect was seen, and what it does there. */
  origin: z.string().min(1),
  /** Any of these is a catch. */
  expected: z.array(ExpectedFinding).min(1),
});
export type Mutant = z.infer<typeof Mutant>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
