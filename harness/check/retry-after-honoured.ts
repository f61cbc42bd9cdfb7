/**
 * `retry-after-honoured`: who is asked to wait (429 or 503 with Retry-After, RFC 9110 §10.2.3) waits. By default the
 * same request must not be tried again sooner; with `scope: 'link'` nothing may be asked on the link, as is right
 * where the limit is on the account.
 */
import { z } from 'zod';
import { type ExchangeEvent, eventsOf, type RequestEvent } from '../model/history.ts';
import { toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs, DEMAND_MIN } from './evidence.ts';
import { loadEnd, needs } from './windows.ts';

/** Clocks that tick differently, and a wait that is rounded. */
const EARLY_NS = toNs(50);
/** Requests that were on their way when the answer came: the target learns of it after the link has sent it. */
const STRAGGLERS_NS = toNs(100);

const Params = z.strictObject({
  link: z.string(),
  /** `request`: the same request is not tried again too soon; `link`: nothing is. */
  scope: z.enum(['request', 'link']).default('request'),
});

type Asked = ExchangeEvent & { retryAfterMs: number };

export const retryAfterHonoured = defineChecker<z.infer<typeof Params>>({
  name: 'retry-after-honoured',
  about: 'after an answer with Retry-After nothing is tried again before that time',
  params: Params,
  readsWire: true,
  judge(history, { link, scope }) {
    const exchanges = eventsOf(history, 'exchange').filter((exchange) => exchange.link === link);
    const asked = exchanges.filter(
      (exchange): exchange is Asked =>
        (exchange.status === 429 || exchange.status === 503) && (exchange.retryAfterMs ?? 0) > 0,
    );
    if (asked.length === 0)
      return inconclusive(`${link}: no answer (429 or 503) asked to wait with Retry-After`);
    const after = (answer: Asked): ExchangeEvent[] =>
      exchanges.filter(
        (later) =>
          later.t > answer.endT + (scope === 'link' ? STRAGGLERS_NS : 0) &&
          (scope === 'link' || isSameRequest(answer, later)),
      );
    const early = asked.flatMap((answer) =>
      after(answer)
        .filter(({ t }) => t < answer.endT + toNs(answer.retryAfterMs) - EARLY_NS)
        .map((exchange) => ({ exchange, answer })),
    );
    const [first] = early.toSorted((a, b) => a.exchange.t - a.answer.endT - (b.exchange.t - b.answer.endT));
    const shownMs = Math.max(...asked.map(({ retryAfterMs }) => retryAfterMs));
    const soonest = first === undefined ? null : betweenMs(first.answer.endT, first.exchange.t);
    const numbers = {
      asked: [asked.length, 'answers with Retry-After'] as [number, string],
      longest: [shownMs, 'ms asked for'] as [number, string],
      early: [new Set(early.map(({ exchange }) => exchange.id)).size, 'attempts too soon'] as [
        number,
        string,
      ],
      ...(soonest === null ? {} : { soonest: [soonest, 'ms'] as [number, string] }),
    };
    if (first !== undefined && soonest !== null) {
      return fails(
        `${link}: Retry-After ignored: ${count(numbers.early[0], 'attempt')} too soon, the first ${Math.round(soonest)} ms after an answer that asked for ${first.answer.retryAfterMs} ms`,
        numbers,
        early.flatMap(({ answer, exchange }) => [answer, exchange]),
      );
    }
    if (scope === 'link') {
      const waiting = waitingDemand(
        eventsOf(history, 'request').filter(needs(history, link)),
        asked,
        loadEnd(history),
      );
      if (waiting.length < DEMAND_MIN) {
        return inconclusive(
          `${link}: ${count(waiting.length, 'request')} in the time it was asked to wait; too few to tell patience from idleness`,
          numbers,
          asked,
        );
      }
      return holds(
        `${link}: ${count(asked.length, 'answer')} asked to wait up to ${shownMs} ms; ${count(waiting.length, 'request')} came meanwhile, and nothing was attempted`,
        { ...numbers, requests: [waiting.length, 'requests'] },
        asked,
      );
    }
    const again = asked.filter((answer) => after(answer).length > 0);
    // Who declares to try once only waits for ever; who declares more must be seen to wait.
    if (again.length === 0 && (history.header.declared[link]?.retry?.attempts ?? 1) > 1) {
      return inconclusive(
        `${link}: ${count(asked.length, 'answer')} asked to wait, but none of these requests was tried again, though tries are declared`,
        numbers,
        asked,
      );
    }
    return holds(
      `${link}: ${count(asked.length, 'answer')} asked to wait up to ${shownMs} ms; ${again.length} of these requests were tried again, none too soon`,
      { ...numbers, again: [again.length, 'requests tried again'] },
      asked,
    );
  },
});

/** The same trace; where none is handed on, what the link took for a retry of the same body. */
function isSameRequest(answer: ExchangeEvent, later: ExchangeEvent): boolean {
  if (answer.method !== later.method || answer.path !== later.path) return false;
  if (answer.trace !== null) return later.trace === answer.trace && later.bodyHash === answer.bodyHash;
  return later.attempt > answer.attempt && later.bodyHash === answer.bodyHash;
}

function waitingDemand(
  requests: readonly RequestEvent[],
  asked: readonly Asked[],
  endT: number,
): RequestEvent[] {
  return requests.filter(
    ({ startT, outcome }) =>
      outcome !== 'dropped' &&
      asked.some(
        (answer) =>
          startT > answer.endT + STRAGGLERS_NS &&
          startT < Math.min(endT, answer.endT + toNs(answer.retryAfterMs)) - EARLY_NS,
      ),
  );
}
