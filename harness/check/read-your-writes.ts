/**
 * `read-your-writes`: whoever has been told that a write is kept can read it, also while the database is away and
 * reads come from a fallback. It needs requests that ask for an earlier write (`{{written}}` in the config).
 */
import { z } from 'zod';
import { eventsOf, type RequestEvent } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { LIVE, servedFrom } from './served.ts';
import { faultSpans, isWithin, needs } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Fewest reads of acknowledged writes that must have been served by the fallback for a pass. */
  atLeast: z.int().min(1).default(3),
});

export const readYourWrites = defineChecker<z.infer<typeof Params>>({
  name: 'read-your-writes',
  about: 'an acknowledged write is found by reads, also by those that are served by the fallback',
  params: Params,
  judge(history, { link, atLeast }) {
    const spans = faultSpans(history, link);
    if (spans.length === 0) return inconclusive(`${link}: no fault was injected`);
    const requests = eventsOf(history, 'request');
    const acknowledged = new Map(
      requests
        .filter(({ name, outcome }) => outcome === 'ok' && history.header.requests[name]?.write === true)
        .map((write) => [write.key, write]),
    );
    const looked = requests
      .filter(({ found, wants, outcome }) => outcome === 'ok' && found !== undefined && wants !== undefined)
      .filter(needs(history, link))
      .filter(({ startT }) => spans.some((span) => isWithin(startT, span)));
    const reads = looked.flatMap((read) => {
      const write = acknowledged.get(read.wants ?? '');
      const isJudged = write !== undefined && write.endT <= read.startT;
      // What is degraded on another link, such as a search by a makeshift vector, may miss it for that reason.
      return isJudged && [read, write].every((one) => isLiveBut(one, link)) ? [{ read, write }] : [];
    });
    const fallback = reads.filter(({ read }) => {
      const by = servedFrom(read, link);
      return by !== null && by !== LIVE;
    });
    const missed = reads.filter(({ read }) => read.found === false);
    const numbers = {
      reads: [reads.length, 'reads of acknowledged writes'] as [number, string],
      fallback: [fallback.length, 'of them served by the fallback'] as [number, string],
      missed: [missed.length, 'reads'] as [number, string],
    };
    if (missed.length > 0) {
      const ways = [...new Set(missed.map(({ read }) => servedFrom(read, link) ?? 'nobody knows what'))].join(
        ', ',
      );
      return fails(
        `${link}: read-your-writes broken: ${missed.length} of ${count(reads.length, 'read')} during the outage (served as ${ways}) did not show a write acknowledged before`,
        numbers,
        missed.flatMap(({ write, read }) => [write, read]),
      );
    }
    if (fallback.length < atLeast) {
      return inconclusive(
        `${link}: ${count(fallback.length, 'read')} of acknowledged writes served by the fallback; at least ${atLeast} are needed`,
        numbers,
      );
    }
    return holds(
      `${link}: all ${count(reads.length, 'read')} during the outage show the write acknowledged before, ${fallback.length} of them served by the fallback`,
      numbers,
      fallback.flatMap(({ write, read }) => [write, read]),
    );
  },
});

/** Whether every part of an answer was live, that of the link aside. */
function isLiveBut({ served }: RequestEvent, link: string): boolean {
  return Object.entries(served).every(([other, by]) => other === link || by === LIVE);
}
