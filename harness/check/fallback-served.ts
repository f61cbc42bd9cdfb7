/**
 * `fallback-served`: during the outage requests are answered from the fallback and say so. An answer
 * that claims to be live must have a good attempt on the wire behind it; a cached one must tell its
 * age, within the declared bound.
 */
import { z } from 'zod';
import { eventsOf, type RequestEvent } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { servedFrom, unmarkedIn } from './served.ts';
import { faultSpans, needs } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Ways of serving that count as this link's fallback, such as `cached`. */
  by: z.array(z.string()).min(1),
  /** Share of requests that must be answered (2xx) during the fault. */
  answered: z.number().min(0).max(1).default(0.95),
  /** Fewest answers from the fallback for a pass. */
  atLeast: z.int().min(1).default(3),
});

export const fallbackServed = defineChecker<z.infer<typeof Params>>({
  name: 'fallback-served',
  about:
    'during the outage answers come from the fallback, marked as such, and none claims to be live without an attempt behind it',
  params: Params,
  readsWire: true,
  judge(history, { link, by, answered, atLeast }) {
    const spans = faultSpans(history, link);
    // Those that were open when the fault came have met it too.
    const all = eventsOf(history, 'request')
      .filter(({ t, endT }) => spans.some((span) => t < span.toT && endT >= span.fromT))
      .filter(needs(history, link));
    const met = all.filter(({ outcome }) => outcome !== 'dropped');
    if (met.length < atLeast)
      return inconclusive(`${link}: ${count(met.length, 'request')} during the fault`);

    const ok = met.filter(({ outcome }) => outcome === 'ok');
    const from = (request: RequestEvent): string | null => servedFrom(request, link);
    const fallback = ok.filter((request) => by.includes(from(request) ?? ''));
    const numbers = {
      requests: [met.length, 'requests'] as [number, string],
      answered: [ok.length / met.length, 'ratio'] as [number, string],
      fallback: [fallback.length, 'answers'] as [number, string],
    };

    const { pretended, silent: unmarked } = unmarkedIn(history, link, ok, spans);
    if (unmarked.length + pretended.length > 0) {
      return fails(
        `${link}: ${count(unmarked.length + pretended.length, 'answer')} not marked as degraded, though no good attempt stands behind ${pretended.length === 1 ? 'it' : 'them'}`,
        { ...numbers, unmarked: [unmarked.length + pretended.length, 'answers'] },
        [...pretended, ...unmarked],
      );
    }
    if (ok.length / met.length < answered) {
      const bad = met.filter(({ outcome }) => outcome !== 'ok');
      return fails(
        `${link}: ${count(bad.length, 'request')} of ${met.length} got no answer during the fault`,
        numbers,
        bad,
      );
    }
    const maxAgeMs = history.header.declared[link]?.fallback?.maxAgeMs;
    const cached = fallback.filter((request) => from(request) === 'cached');
    const ageless = cached.filter(({ ageMs }) => ageMs === null);
    const tooOld = cached.filter(({ ageMs }) => ageMs !== null && maxAgeMs !== undefined && ageMs > maxAgeMs);
    if (ageless.length > 0)
      return fails(`${link}: ${count(ageless.length, 'cached answer')} without an age`, numbers, ageless);
    if (tooOld.length > 0) {
      return fails(
        `${link}: ${count(tooOld.length, 'cached answer')} older than the declared ${maxAgeMs} ms`,
        numbers,
        tooOld,
      );
    }
    if (fallback.length < atLeast) {
      return inconclusive(
        `${link}: ${count(fallback.length, 'answer')} from the fallback (${by.join(', ')}); at least ${atLeast} are needed to judge it`,
        numbers,
      );
    }
    const kinds = by
      .map((kind) => `${fallback.filter((request) => from(request) === kind).length} ${kind}`)
      .join(', ');
    return holds(
      `${link}: ${ok.length} of ${count(met.length, 'request')} answered during the fault: ${kinds}, all marked`,
      numbers,
      fallback,
    );
  },
});
