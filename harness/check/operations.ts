/**
 * What callers see while a service is operated on, read from their own requests: for how long it took no writes,
 * and how many of their requests were answered.
 */
import { z } from 'zod';
import { type EventOf, eventsOf, type RequestEvent } from '../model/history.ts';
import { type Nanoseconds, toMs, toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { LIVE } from './served.ts';
import { loadEnd, loadStart, operationSpans, type Span } from './windows.ts';

const WritesAvailable = z.strictObject({
  /** Longest time without an acknowledged write, ms. */
  unavailableMsMax: z.number().positive(),
  /** A write that is acknowledged later than this was not available to its caller meanwhile, ms. */
  slowMs: z.number().positive().default(1_000),
  /** Fewest writes sent during the operations for a pass. */
  atLeast: z.int().min(1).default(10),
});

/** A stretch in which writes failed or were slow, and how the next good one ended it. */
interface Outage extends Span {
  writes: RequestEvent[];
}

/**
 * `writes-available`: how long writes were not to be had. The time runs from the intended start of a write that was
 * not acknowledged in time to the answer of the next one that was: what was not asked in between is not known to
 * have been available.
 */
export const writesAvailable = defineChecker<z.infer<typeof WritesAvailable>>({
  name: 'writes-available',
  about: 'the longest time in which no write was acknowledged stays below a bound',
  params: WritesAvailable,
  judge(history, { unavailableMsMax, slowMs, atLeast }) {
    const operations = eventsOf(history, 'operation');
    if (operations.length === 0) return inconclusive('no operation was carried out');
    const writes = eventsOf(history, 'request').filter(
      ({ name, t }) => history.header.requests[name]?.write === true && t >= loadStart(history),
    );
    const during = writes.filter(overlaps(operationSpans(history)));
    const outages = outagesOf(writes, slowMs, loadEnd(history));
    const longestMs = Math.max(0, ...outages.map(lengthMs));
    const refused = writes.filter(({ outcome }) => outcome !== 'ok');
    const deferred = during.filter(({ outcome, servedBy }) => outcome === 'ok' && servedBy !== LIVE);
    const numbers = {
      writeUnavailableLongest: [longestMs, 'ms'] as [number, string],
      writeUnavailableInAll: [outages.reduce((sum, span) => sum + lengthMs(span), 0), 'ms'] as [
        number,
        string,
      ],
      slowestWrite: [Math.max(0, ...during.map(({ t, endT }) => toMs(endT - t))), 'ms'] as [number, string],
      writesDuring: [during.length, 'writes'] as [number, string],
      notAcknowledged: [refused.length, 'writes'] as [number, string],
      notLive: [deferred.length, 'writes'] as [number, string],
    };
    const says = `writes unavailable for ${Math.round(longestMs)} ms at the longest (allowed ${unavailableMsMax}); of ${count(during.length, 'write')} during ${names(operations)} ${refused.length} not acknowledged, ${deferred.length} acknowledged but not live`;
    const cites = [...operations, ...outages.flatMap(({ writes: these }) => these)];
    if (during.length < atLeast)
      return inconclusive(`${says}; it takes at least ${atLeast} to tell`, numbers, operations);
    return longestMs <= unavailableMsMax ? holds(says, numbers, cites) : fails(says, numbers, cites);
  },
});

const AnsweredThrough = z.strictObject({
  atLeast: z.number().min(0).max(1),
  /** Fewest requests for a pass. */
  requests: z.int().min(1).default(20),
});

/** `answered-through`: the share of requests answered 2xx of those whose time met an operation. */
export const answeredThrough = defineChecker<z.infer<typeof AnsweredThrough>>({
  name: 'answered-through',
  about: 'share of requests answered 2xx while operations were carried out',
  params: AnsweredThrough,
  judge(history, { atLeast, requests: needed }) {
    const during = eventsOf(history, 'request').filter(overlaps(operationSpans(history)));
    const bad = during.filter(({ outcome }) => outcome !== 'ok');
    const ratio = during.length === 0 ? 0 : 1 - bad.length / during.length;
    const numbers = {
      ratio: [ratio, 'ratio'] as [number, string],
      requests: [during.length, 'requests'] as [number, string],
      notAnswered: [bad.length, 'requests'] as [number, string],
    };
    const says = `${during.length - bad.length} of ${count(during.length, 'request')} answered during the operations (at least ${atLeast * 100} %)`;
    if (during.length < needed) return inconclusive(`${says}; it takes ${needed} to tell`, numbers);
    return ratio >= atLeast ? holds(says, numbers) : fails(says, numbers, bad);
  },
});

/** Stretches without an acknowledged write, from the first that was not to the answer of the next good one. */
function outagesOf(writes: readonly RequestEvent[], slowMs: number, endT: Nanoseconds): Outage[] {
  const outages: Outage[] = [];
  let open: Outage | null = null;
  for (const write of writes) {
    const isGood = write.outcome === 'ok' && write.endT - write.t <= toNs(slowMs);
    if (!isGood) {
      if (open === null) {
        open = { fromT: write.t, toT: endT, writes: [] };
        outages.push(open);
      }
      open.writes.push(write);
    } else if (open !== null) {
      open.toT = write.endT;
      open = null;
    }
  }
  return outages;
}

const lengthMs = ({ fromT, toT }: Span): number => toMs(toT - fromT);

const overlaps =
  (spans: readonly Span[]) =>
  ({ t, endT }: RequestEvent): boolean =>
    spans.some(({ fromT, toT }) => t < toT && endT >= fromT);

const names = (operations: readonly EventOf<'operation'>[]): string =>
  operations.map(({ name }) => name).join(', ');
