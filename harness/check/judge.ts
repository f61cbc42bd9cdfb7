/**
 * Judges a history: every expectation of its scenario, the steady state before and after, and what
 * must always hold. The same for a run that just ended and for a file read a year later.
 */
import { messageOf, UsageError } from '../model/errors.ts';
import type { History } from '../model/history.ts';
import type { Expectation, Scenario } from '../model/scenario.ts';
import { nearest, validate } from '../model/validate.ts';
import type { Judgement, Verdict } from '../model/verdict.ts';
import { type Checker, inconclusive, type SteadyWindow } from './checker.ts';
import { withMachine } from './machine.ts';
import { ALWAYS, CHECKERS } from './registry.ts';

interface Asked {
  checker: Checker;
  params: Record<string, unknown>;
}

/** Looks an expectation's checker up and checks its parameters. @throws UsageError that begins with `where`. */
export function resolveExpectation(expectation: Expectation, where: string): Asked {
  const { check, ...params } = expectation;
  const checker = CHECKERS.get(check);
  if (checker === undefined) {
    const near = nearest(check, [...CHECKERS.keys()]);
    const hint = near === undefined ? `one of ${[...CHECKERS.keys()].join(', ')}` : `did you mean "${near}"?`;
    throw new UsageError(`${where}.check: unknown check "${check}"; ${hint}`);
  }
  return { checker, params: validate(checker.params, params, where) };
}

/** All verdicts on a history, in the order in which a reader wants them. @throws UsageError on an unknown check. */
export function judge(history: History): Judgement[] {
  const { scenario, impossible } = history.header;
  if (impossible.length > 0)
    return [{ check: 'can-be-injected', part: 'always', verdict: inconclusive(impossible.join('; ')) }];
  return withMachine(history, [
    ...steady(history, scenario, 'before'),
    ...scenario.expect.map((expectation, i) =>
      answer(history, expectation, 'expect', `expect[${i}]`, 'after'),
    ),
    ...steady(history, scenario, 'after'),
    ...ALWAYS.filter((checker) => checker.applies?.(scenario) ?? true).map((checker) => ({
      check: checker.name,
      part: 'always',
      verdict: verdictOf(checker, history, {}, 'after'),
    })),
  ]);
}

function steady(history: History, scenario: Scenario, window: SteadyWindow): Judgement[] {
  return scenario.steadyState.map((expectation, i) =>
    answer(history, expectation, `steady state ${window}`, `steadyState[${i}]`, window),
  );
}

function answer(
  history: History,
  expectation: Expectation,
  part: string,
  where: string,
  window: SteadyWindow,
): Judgement {
  const { checker, params } = resolveExpectation(expectation, `${history.header.scenario.name}: ${where}`);
  const verdict = verdictOf(checker, history, params, window);
  return {
    check: checker.name,
    part,
    ...(expectation.link === undefined ? {} : { link: expectation.link }),
    verdict,
  };
}

/** A checker that throws has judged nothing; that must not pass for a verdict (Jepsen's check-safe). */
function verdictOf(
  checker: Checker,
  history: History,
  params: Record<string, unknown>,
  window: SteadyWindow,
): Verdict {
  const { unwatched } = history.header;
  if (checker.readsWire === true && unwatched !== null) return inconclusive(unwatched);
  try {
    return checker.judge(history, params, window);
  } catch (error) {
    return inconclusive(`the checker itself failed: ${messageOf(error)}`);
  }
}
