/**
 * `degraded-correct`: what is served in place of a live answer says that it is, and is not made up. An answer that
 * repeats an earlier one must equal one that was given live to the same question; one that stands for nothing must
 * hold nothing. It needs `compare` in the config, which says what part of an answer counts.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { Questions } from './questions.ts';
import { servedFrom, unmarkedIn } from './served.ts';
import { faultSpans, needs } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Ways of serving that repeat an earlier answer, such as `cached`. */
  repeats: z.array(z.string()).default(['cached']),
  /** Ways of serving that hold nothing of their own, such as `default`. */
  empty: z.array(z.string()).default([]),
  /** Only answers to requests of these kinds; left out, all. */
  requests: z.array(z.string()).min(1).optional(),
  /** Fewest degraded answers for a pass. */
  atLeast: z.int().min(1).default(3),
});

export const degradedCorrect = defineChecker<z.infer<typeof Params>>({
  name: 'degraded-correct',
  about: 'degraded answers are marked, and equal what was answered live to the same question',
  params: Params,
  readsWire: true,
  judge(history, { link, repeats, empty, requests, atLeast }) {
    const questions = new Questions(history);
    if (questions.isEmpty)
      return inconclusive('no answer was looked into; say in the config which part to compare (`compare`)');
    const answers = eventsOf(history, 'request')
      .filter(
        ({ name, question, answer, outcome }) =>
          outcome === 'ok' &&
          question !== undefined &&
          answer !== undefined &&
          requests?.includes(name) !== false,
      )
      .filter(needs(history, link));
    const { pretended, silent } = unmarkedIn(history, link, answers, faultSpans(history, link));
    const unmarked = [...pretended, ...silent];
    const by = (ways: readonly string[]) =>
      answers.filter((answer) => ways.includes(servedFrom(answer, link) ?? ''));
    const repeated = by(repeats);
    const hollow = by(empty);
    const madeUp = repeated.filter(
      (answer) =>
        !questions.hasUnseen(answer) &&
        !questions.modelsOf(answer).some((model) => model.answer === answer.answer),
    );
    const filled = hollow.filter(({ answer }) => answer !== null);
    const numbers = {
      repeated: [repeated.length, 'answers'] as [number, string],
      empty: [hollow.length, 'answers'] as [number, string],
      madeUp: [madeUp.length, 'answers'] as [number, string],
      filled: [filled.length, 'answers'] as [number, string],
      unmarked: [unmarked.length, 'answers'] as [number, string],
    };
    if (unmarked.length > 0) {
      return fails(
        `${link}: degraded answers unmarked: ${count(unmarked.length, 'answer')} during the outage claimed to be live or said nothing, with no good attempt behind`,
        numbers,
        unmarked,
      );
    }
    if (madeUp.length > 0) {
      return fails(
        `${link}: degraded answers wrong: ${madeUp.length} of ${count(repeated.length, 'answer')} served as ${repeats.join(', ')} equal nothing that was answered live to the same question`,
        numbers,
        madeUp,
      );
    }
    if (filled.length > 0) {
      return fails(
        `${link}: degraded answers made up: ${filled.length} of ${count(hollow.length, 'answer')} served as ${empty.join(', ')} hold something where there is nothing to hold`,
        numbers,
        filled,
      );
    }
    if (repeated.length + hollow.length < atLeast) {
      return inconclusive(
        `${link}: ${count(repeated.length + hollow.length, 'degraded answer')}; at least ${atLeast} are needed to judge them`,
        numbers,
      );
    }
    return holds(
      `${link}: ${count(repeated.length, 'answer')} equal to a live one to the same question, ${hollow.length} empty; all marked`,
      numbers,
      [...repeated, ...hollow],
    );
  },
});
