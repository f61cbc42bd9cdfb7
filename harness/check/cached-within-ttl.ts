/**
 * `cached-within-ttl`: no cached answer is older than its declared time to live, and none is older than it says. The
 * history knows better than the target when an answer to a question was last given live.
 */
import { z } from 'zod';
import { eventsOf, type RequestEvent } from '../model/history.ts';
import { type Ms, toMs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { Questions } from './questions.ts';
import { servedFrom } from './served.ts';
import { needs } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Ways of serving that come from a cache. */
  by: z.array(z.string()).min(1).default(['cached']),
  /** Greatest age, in ms; left out, what the target declares of its fallback. */
  maxAgeMs: z.number().min(0).optional(),
  /** How much younger an answer may say it is: the way to the caller, and a busy machine. */
  slackMs: z.number().min(0).default(250),
  /** Fewest cached answers for a pass. */
  atLeast: z.int().min(1).default(3),
});

export const cachedWithinTtl = defineChecker<z.infer<typeof Params>>({
  name: 'cached-within-ttl',
  about: 'cached answers tell their age, it is true, and it is within the time to live',
  params: Params,
  judge(history, { link, by, maxAgeMs, slackMs, atLeast }) {
    const limitMs = maxAgeMs ?? history.header.declared[link]?.fallback?.maxAgeMs;
    if (limitMs === undefined)
      return inconclusive(`the target declares no greatest age on link ${link}; give maxAgeMs`);
    const cached = eventsOf(history, 'request')
      .filter(({ outcome }) => outcome === 'ok')
      .filter(needs(history, link))
      .filter((answer) => by.includes(servedFrom(answer, link) ?? ''));
    const questions = new Questions(history);
    const leastMs = new Map(cached.map((answer) => [answer, leastAgeMs(answer, questions)]));
    const ageless = cached.filter(({ ageMs }) => ageMs === null);
    const tooOld = cached.filter(
      (answer) => (answer.ageMs ?? 0) > limitMs || (leastMs.get(answer) ?? 0) > limitMs + slackMs,
    );
    const younger = cached.filter(
      (answer) => answer.ageMs !== null && (leastMs.get(answer) ?? 0) > answer.ageMs + slackMs,
    );
    const oldestMs = Math.max(
      0,
      ...cached.map((answer) => Math.max(answer.ageMs ?? 0, leastMs.get(answer) ?? 0)),
    );
    const proven = [...leastMs.values()].filter((ageMs) => ageMs !== null).length;
    const numbers = {
      cached: [cached.length, 'answers'] as [number, string],
      oldest: [oldestMs, 'ms'] as [number, string],
      limit: [limitMs, 'ms'] as [number, string],
      compared: [proven, 'ages compared with the history'] as [number, string],
    };
    if (tooOld.length > 0) {
      return fails(
        `${link}: stale beyond its time to live: ${count(tooOld.length, 'cached answer')} up to ${Math.round(oldestMs)} ms old; at most ${limitMs}`,
        numbers,
        tooOld,
      );
    }
    if (ageless.length > 0) {
      return fails(
        `${link}: stale without saying so: ${count(ageless.length, 'cached answer')} without an age`,
        numbers,
        ageless,
      );
    }
    if (younger.length > 0) {
      const [worst] = younger;
      return fails(
        `${link}: age untrue: ${count(younger.length, 'cached answer')} older than told; one says ${worst?.ageMs} ms and was last answered live ${Math.round((worst && leastMs.get(worst)) ?? 0)} ms before`,
        numbers,
        younger,
      );
    }
    if (cached.length < atLeast) {
      return inconclusive(
        `${link}: ${count(cached.length, 'cached answer')}; at least ${atLeast} are needed to judge their age`,
        numbers,
      );
    }
    return holds(
      `${link}: ${count(cached.length, 'cached answer')}, the oldest ${Math.round(oldestMs)} ms (at most ${limitMs}); ${proven} ages compared with the history, all true`,
      numbers,
      cached,
    );
  },
});

/**
 * The age that an answer has at least: since the end of the last live answer to its question. Null where nobody knows:
 * the question was never answered live, or a caller gave up on it.
 */
function leastAgeMs(answer: RequestEvent, questions: Questions): Ms | null {
  if (answer.question === undefined || questions.hasUnseen(answer)) return null;
  const models = questions.modelsOf(answer);
  if (models.length === 0) return null;
  const lastT = Math.max(...models.map(({ endT }) => endT));
  return Math.max(0, toMs(answer.startT - lastT));
}
