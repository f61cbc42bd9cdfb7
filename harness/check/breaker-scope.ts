/**
 * `breaker-scope`: an outage of one link stays there. No breaker of another link opens, requests that need another
 * link go on reaching it, and none of them is starved of what both share: a pool, a queue, a bulkhead.
 */
import { z } from 'zod';
import { type BreakerEvent, eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { type Nanoseconds, toNs } from '../model/time.ts';
import { type Attempt, AttemptIndex, attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { DEMAND_MIN, gather } from './evidence.ts';
import { LIVE } from './served.ts';
import { faultSpans, isWithin, loadEnd, needs, type Span } from './windows.ts';

/** One may have been turned away by a moment's rush; two in a row are a breaker. */
const ROW_MIN = 2;
/** Share of requests that may fail for reasons of their own. */
const FAILED_RATIO_MAX = 0.05;
/** How far the target's own trip and the replayed one may be apart. */
const OWN_TRIP_NS = toNs(500);

const Params = z.strictObject({
  link: z.string(),
  /** Links that must not feel it; left out, all that had no fault themselves. */
  others: z.array(z.string()).min(1).optional(),
});

export const breakerScope = defineChecker<z.infer<typeof Params>>({
  name: 'breaker-scope',
  about: 'an outage of one link opens the breaker of no other and starves none of what they share',
  params: Params,
  readsWire: true,
  judge(history, { link, others }) {
    const faults = faultSpans(history, link);
    const [first] = faults;
    if (first === undefined) return inconclusive(`${link}: no fault was injected`);
    const span = { fromT: first.fromT, toT: loadEnd(history) };
    const met = eventsOf(history, 'request')
      .filter(needs(history, link))
      .filter(({ startT }) => faults.some((fault) => isWithin(startT, fault)));
    if (met.length < DEMAND_MIN)
      return inconclusive(`${link}: ${count(met.length, 'request')} met its outage; too few to spread it`);
    const judged = (others ?? apartFrom(history, link))
      .map((other) => ({ other, ...spillOn(history, { link, other, span }) }))
      .filter(({ demand }) => demand.length >= DEMAND_MIN);
    const demand = judged.reduce((sum, { demand }) => sum + demand.length, 0);
    const numbers = {
      links: [judged.length, 'other links'] as [number, string],
      requests: [demand, 'requests that need them'] as [number, string],
      opened: [sum(judged, ({ opened }) => opened.length), 'times a breaker opened'] as [number, string],
      rejected: [sum(judged, ({ rejected }) => rejected.length), 'requests kept from them'] as [
        number,
        string,
      ],
      failed: [sum(judged, ({ failed }) => failed.length), 'requests that failed'] as [number, string],
    };
    for (const { other, opened, rejected } of judged) {
      if (opened.length === 0 && rejected.length === 0) continue;
      const told =
        opened.length > 0
          ? `the target says that the breaker of ${other} opened`
          : `${count(rejected.length, 'request')} in a row did not reach ${other}`;
      return fails(`breaker scope: only ${link} had a fault, but ${told}`, numbers, [...opened, ...rejected]);
    }
    for (const { other, failed, gaveUp, demand: asked } of judged) {
      if (failed.length >= ROW_MIN && failed.length / asked.length > FAILED_RATIO_MAX) {
        return fails(
          `shared pool: only ${link} had a fault, but ${failed.length} of ${count(asked.length, 'request')} that need ${other} and not ${link} failed`,
          numbers,
          failed,
        );
      }
      if (gaveUp.length >= ROW_MIN && gaveUp.length / asked.length > FAILED_RATIO_MAX) {
        return fails(
          `shared pool: only ${link} had a fault, but ${count(gaveUp.length, 'attempt')} on ${other} failed`,
          numbers,
          gaveUp,
        );
      }
    }
    if (judged.length === 0)
      return inconclusive(`${link}: no other link without a fault of its own was needed by enough requests`);
    return holds(
      `${link}: its outage left ${judged.map(({ other }) => other).join(', ')} alone: ${count(demand, 'request')} reached them, no breaker opened`,
      numbers,
      met,
    );
  },
});

/** Links that neither lead to this one nor stand behind it, and had no fault of their own. */
function apartFrom(history: History, link: string): string[] {
  const { header } = history;
  return Object.keys(header.protocols).filter(
    (other) =>
      other !== link &&
      faultSpans(history, other).length === 0 &&
      header.leadsTo[link] !== other &&
      header.leadsTo[other] !== link,
  );
}

interface Spill {
  /** Requests that need the other link. */
  demand: readonly RequestEvent[];
  opened: readonly BreakerEvent[];
  /** In a row: kept from the other link. */
  rejected: readonly RequestEvent[];
  /** They need the other link and not the one with the fault, and got no answer. */
  failed: readonly RequestEvent[];
  /** Attempts on the other link that failed, with no fault there. */
  gaveUp: readonly Attempt[];
}

function spillOn(
  history: History,
  { link, other, span }: { link: string; other: string; span: Span },
): Spill {
  const needsLink = needs(history, link);
  const demand = eventsOf(history, 'request')
    .filter(({ startT, outcome }) => isWithin(startT, span) && outcome !== 'dropped')
    .filter(needs(history, other));
  const attempts = attemptsOn(history, other);
  const index = new AttemptIndex(attempts, eventsOf(history, 'request'));
  const own = ownTrips(history, other);
  const isOwn = (t: Nanoseconds): boolean => own.some((trip) => isWithin(t, trip));
  const opened = eventsOf(history, 'breaker').filter(
    (event) => event.link === other && event.to !== 'closed' && isWithin(event.t, span) && !isOwn(event.t),
  );
  const apart = demand.filter((request) => !needsLink(request));
  // One that needs both may honestly have ended before it came to the other link, but not have been served by its
  // fallback.
  const isKeptOut = (request: RequestEvent): boolean => {
    if (index.of(request).length > 0 || isOwn(request.startT)) return false;
    if (!needsLink(request)) return true;
    const by = request.served[other];
    return request.outcome === 'ok' && by !== undefined && by !== LIVE;
  };
  return {
    demand,
    opened,
    rejected: longestRow(demand, isKeptOut),
    failed: apart.filter(({ outcome }) => outcome !== 'ok'),
    gaveUp: attempts.filter(({ t, failed }) => failed && isWithin(t, span)),
  };
}

/**
 * The stretches in which the other link's breaker was open by failures of its own, and a little more: a busy machine
 * can trip a narrow one for a moment. Whether it failed because it was starved is asked by how often it did.
 */
function ownTrips(history: History, other: string): Span[] {
  const evidence = gather(history, other);
  if (typeof evidence === 'string') return [];
  return evidence.replay.spans
    .filter(({ state }) => state !== 'closed')
    .map(({ fromT, toT }) => ({ fromT: fromT - OWN_TRIP_NS, toT: toT + OWN_TRIP_NS }));
}

/** The longest row of requests for which it is so; none where it is short. */
function longestRow(
  requests: readonly RequestEvent[],
  isSo: (request: RequestEvent) => boolean,
): RequestEvent[] {
  let longest: RequestEvent[] = [];
  let row: RequestEvent[] = [];
  for (const request of requests) {
    if (isSo(request)) row.push(request);
    else row = [];
    if (row.length > longest.length) longest = row;
  }
  return longest.length >= ROW_MIN ? longest : [];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
