/**
 * `no-stampede`: of several callers who miss the same in a cache at once only one computes. On the wire: no more than so
 * many exchanges with the same body are under way at once, during an outage that makes each of them long.
 */
import { z } from 'zod';
import { type ExchangeEvent, eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { faultSpans, isWithin, needs } from './windows.ts';

const REQUESTS_MIN = 20;

const Params = z.strictObject({
  link: z.string(),
  /** Exchanges with the same body that may be under way at once. */
  atMost: z.int().min(1).default(1),
});

export const noStampede = defineChecker<z.infer<typeof Params>>({
  name: 'no-stampede',
  about: 'callers who miss the same in a cache at once make one call of it, not one each',
  params: Params,
  readsWire: true,
  judge(history, { link, atMost }) {
    const spans = faultSpans(history, link);
    const isMet = (t: number): boolean => spans.some((span) => isWithin(t, span));
    const requests = eventsOf(history, 'request')
      .filter(needs(history, link))
      .filter(({ startT }) => isMet(startT));
    const exchanges = eventsOf(history, 'exchange').filter(
      (exchange) => exchange.link === link && exchange.bodyHash !== null && isMet(exchange.t),
    );
    const together = mostAlike(exchanges);
    const numbers = {
      together: [together.length, 'calls for the same at once'] as [number, string],
      calls: [exchanges.length, 'calls'] as [number, string],
      requests: [requests.length, 'requests'] as [number, string],
    };
    if (together.length > atMost) {
      return fails(
        `${link}: cache stampede: ${together.length} calls for the same were under way at once; at most ${atMost}`,
        numbers,
        together,
      );
    }
    if (requests.length < REQUESTS_MIN || exchanges.length === 0)
      return inconclusive(
        `${link}: ${count(requests.length, 'request')} and ${count(exchanges.length, 'call')} during the outage; ${REQUESTS_MIN} requests and one call are needed`,
        numbers,
      );
    return holds(
      `${link}: ${count(exchanges.length, 'call')} for ${count(requests.length, 'request')}, at most ${together.length} for the same at once`,
      numbers,
      together,
    );
  },
});

/** The largest set of exchanges with one body that were all under way at one moment. */
function mostAlike(exchanges: readonly ExchangeEvent[]): ExchangeEvent[] {
  let most: ExchangeEvent[] = [];
  for (const alike of Object.values(Object.groupBy(exchanges, ({ bodyHash }) => bodyHash ?? ''))) {
    // The set is largest at the beginning of one of them.
    for (const { t } of alike ?? []) {
      const open = (alike ?? []).filter((other) => other.t <= t && other.endT > t);
      if (open.length > most.length) most = open;
    }
  }
  return most;
}
