/**
 * `known-answers-repeated`: a question that was answered live before is answered from the cache during the outage, not
 * with nothing. It needs `compare` in the config, which makes questions known again.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { Questions } from './questions.ts';
import { LIVE, servedFrom } from './served.ts';
import { needs } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** How such an answer says that it was served. */
  by: z.string().default('cached'),
  /** Share of the degraded answers to known questions that must be served so. */
  ratio: z.number().min(0).max(1).default(0.8),
  /** Fewest degraded answers to known questions for a verdict. */
  atLeast: z.int().min(1).default(5),
});

export const knownAnswersRepeated = defineChecker<z.infer<typeof Params>>({
  name: 'known-answers-repeated',
  about: 'what was answered live before is repeated during the outage',
  params: Params,
  judge(history, { link, by, ratio, atLeast }) {
    const questions = new Questions(history);
    const degraded = eventsOf(history, 'request')
      .filter(needs(history, link))
      .filter(({ outcome, question }) => outcome === 'ok' && question !== undefined)
      .filter((answer) => servedFrom(answer, link) !== LIVE);
    const known = degraded.filter((answer) =>
      questions.modelsOf(answer).some(({ endT }) => endT < answer.startT),
    );
    const repeated = known.filter((answer) => servedFrom(answer, link) === by);
    const numbers = {
      known: [known.length, 'degraded answers to known questions'] as [number, string],
      repeated: [repeated.length, `answers served as ${by}`] as [number, string],
    };
    if (known.length < atLeast)
      return inconclusive(
        `${link}: ${count(known.length, 'degraded answer')} to questions that were answered before; at least ${atLeast} are needed`,
        numbers,
      );
    if (repeated.length / known.length < ratio) {
      return fails(
        `${link}: known answers forgotten: of ${count(known.length, 'degraded answer')} to questions that had been answered live only ${repeated.length} were served as ${by}; at least ${ratio * 100} %`,
        numbers,
        known,
      );
    }
    return holds(
      `${link}: ${repeated.length} of ${count(known.length, 'degraded answer')} to known questions were served as ${by}`,
      numbers,
    );
  },
});
