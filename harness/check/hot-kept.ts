/**
 * `hot-kept`: what is asked again and again stays in the cache, however much else passes through it. Requests of one
 * kind all ask the same; once warm, next to none of them may reach the link.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { AttemptIndex, attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { loadStart } from './windows.ts';

const REQUESTS_MIN = 20;

const Params = z.strictObject({
  link: z.string(),
  /** Kind of request, which asks the same each time. */
  request: z.string(),
  /** Share of them that may reach the link. */
  atMost: z.number().min(0).max(1).default(0.05),
});

export const hotKept = defineChecker<z.infer<typeof Params>>({
  name: 'hot-kept',
  about: 'what is asked again and again stays in the cache, whatever else passes through it',
  params: Params,
  readsWire: true,
  judge(history, { link, request: kind, atMost }) {
    const requests = eventsOf(history, 'request');
    const index = new AttemptIndex(attemptsOn(history, link), requests);
    const hot = requests.filter(
      ({ name, t, outcome }) => name === kind && t >= loadStart(history) && outcome === 'ok',
    );
    const others = requests.filter(({ name }) => name !== kind).flatMap((other) => index.of(other));
    const missed = hot.filter((request) => index.of(request).length > 0);
    const numbers = {
      hot: [hot.length, 'requests'] as [number, string],
      missed: [missed.length, 'of them reached the link'] as [number, string],
      others: [others.length, 'attempts for others'] as [number, string],
    };
    if (hot.length < REQUESTS_MIN || others.length < REQUESTS_MIN)
      return inconclusive(
        `${kind}: ${count(hot.length, 'request')} beside ${count(others.length, 'attempt')} for others; ${REQUESTS_MIN} of each are needed`,
        numbers,
      );
    if (missed.length > atMost * hot.length) {
      return fails(
        `${link}: what is asked often is not kept: ${missed.length} of ${hot.length} requests of the kind ${kind} reached it; at most ${atMost * 100} %`,
        numbers,
        missed,
      );
    }
    return holds(
      `${link}: ${missed.length} of ${hot.length} requests of the kind ${kind} reached it`,
      numbers,
    );
  },
});
