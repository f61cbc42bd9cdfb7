/**
 * `answers-have`: answers of a kind hold the part that the config compares (`compare`), during the outage too. Such as
 * the id of a JSON-RPC reply: an answer without it is nobody's answer, and its caller waits for ever.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { faultSpans, isWithin } from './windows.ts';

const Params = z.strictObject({
  /** Kind of request, with `compare` in the config. */
  request: z.string(),
  /** Fewest answers during the outage for a verdict. */
  atLeast: z.int().min(1).default(10),
});

export const answersHave = defineChecker<z.infer<typeof Params>>({
  name: 'answers-have',
  about: 'answers of a kind hold the compared part, during the outage too',
  params: Params,
  judge(history, { request: kind, atLeast }) {
    const spans = faultSpans(history);
    const answers = eventsOf(history, 'request').filter(
      ({ name, answer, startT, status }) =>
        name === kind &&
        answer !== undefined &&
        status !== null &&
        spans.some((span) => isWithin(startT, span)),
    );
    const lacking = answers.filter(({ answer }) => answer === null);
    const numbers = {
      answers: [answers.length, 'answers'] as [number, string],
      lacking: [lacking.length, 'answers without it'] as [number, string],
    };
    if (lacking.length > 0) {
      return fails(
        `${kind}: answers lack the compared part: ${lacking.length} of ${count(answers.length, 'answer')} during the outage`,
        numbers,
        lacking,
      );
    }
    if (answers.length < atLeast)
      return inconclusive(
        `${kind}: ${count(answers.length, 'answer')} during the outage; ${atLeast} are needed`,
        numbers,
      );
    return holds(
      `${kind}: all of ${count(answers.length, 'answer')} during the outage hold the compared part`,
      numbers,
    );
  },
});
