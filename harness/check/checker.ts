/**
 * What a checker is: a named, pure function from history and parameters to a verdict. It never talks
 * to a live system, and it says `inconclusive` where there was nothing to check.
 */
import type { z } from 'zod';
import type { History } from '../model/history.ts';
import type { Scenario } from '../model/scenario.ts';
import { MAX_CITES, type Outcome, type Quantity, type Verdict } from '../model/verdict.ts';

/** Which of the two steady windows a steady-state check looks at. */
export type SteadyWindow = 'before' | 'after';

export interface Checker<P = Record<string, unknown>> {
  readonly name: string;
  /** One line for the reference. */
  readonly about: string;
  readonly params: z.ZodType<P>;
  /** It rests on what links saw: where nobody watched them it has nothing to judge. */
  readonly readsWire?: boolean;
  /** Whether it is asked at all of such a scenario; left out: of each. For those that are always asked. */
  applies?(scenario: Scenario): boolean;
  /** Audits of the config that must be taken for it. */
  audits?(params: P): string[];
  /** Readings of the config (`target.readings`) that it rests on. */
  readings?(params: P): string[];
  judge(history: History, params: P, window: SteadyWindow): Verdict;
}

/** Ties a checker's own parameter type to the registry's common one; the schema has checked the values. */
export function defineChecker<P extends Record<string, unknown>>(checker: Checker<P>): Checker {
  return checker as unknown as Checker;
}

type Numbers = Record<string, [value: number, unit: string]>;

function verdict(
  outcome: Outcome,
  says: string,
  numbers: Numbers,
  cites: readonly { id: number }[],
): Verdict {
  const quantities: Record<string, Quantity> = {};
  for (const [name, [value, unit]] of Object.entries(numbers))
    quantities[name] = { value: round(value), unit };
  return { outcome, says, numbers: quantities, cites: cites.slice(0, MAX_CITES).map(({ id }) => id) };
}

/** The three answers. `cites` are the events the verdict rests on. */
export const holds = (says: string, numbers: Numbers, cites: readonly { id: number }[] = []): Verdict =>
  verdict('holds', says, numbers, cites);
export const fails = (says: string, numbers: Numbers, cites: readonly { id: number }[] = []): Verdict =>
  verdict('fails', says, numbers, cites);
export const inconclusive = (
  says: string,
  numbers: Numbers = {},
  cites: readonly { id: number }[] = [],
): Verdict => verdict('inconclusive', says, numbers, cites);

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export { count } from '../model/count.ts';
