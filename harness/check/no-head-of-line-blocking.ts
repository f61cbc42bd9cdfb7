/**
 * `no-head-of-line-blocking`: requests that do not need the link feel nothing of its outage: they are answered,
 * within a stated ratio of what they took before. Where they are not, they queue behind those that wait for it: in
 * one pool of workers or connections, in one lock, in one queue.
 */
import { z } from 'zod';
import { eventsOf, type RequestEvent } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs } from './evidence.ts';
import { faultSpans, isWithin, needs, percentile, steadySpan } from './windows.ts';

/** Fewer requests than this have no 95th percentile to speak of. */
const REQUESTS_MIN = 10;

const Params = z.strictObject({
  link: z.string(),
  /** Times the latency before the outage (95th percentile) that is borne. */
  ratio: z.number().min(1).default(3),
  /** Below this nothing is called blocked, in ms: three times very little is little. */
  floorMs: z.number().min(0).default(150),
  /** Share that must be answered (2xx). */
  answered: z.number().min(0).max(1).default(0.95),
});

export const noHeadOfLineBlocking = defineChecker<z.infer<typeof Params>>({
  name: 'no-head-of-line-blocking',
  about: 'requests that do not need the link are answered as quickly during its outage as before',
  params: Params,
  judge(history, { link, ratio, floorMs, answered }) {
    const spans = faultSpans(history, link);
    if (spans.length === 0) return inconclusive(`${link}: no fault was injected`);
    const needsLink = needs(history, link);
    const others = eventsOf(history, 'request').filter((request) => !needsLink(request));
    const steady = steadySpan(history, 'before');
    const before = others.filter(({ t, endT }) => isWithin(t, steady) && endT < steady.toT);
    const during = others.filter(({ t }) => spans.some((span) => isWithin(t, span)));
    if (before.length < REQUESTS_MIN || during.length < REQUESTS_MIN) {
      return inconclusive(
        `${link}: ${count(during.length, 'request')} during its outage and ${before.length} before that do not need it; ${REQUESTS_MIN} each are needed`,
      );
    }
    const beforeMs = p95Of(before);
    const duringMs = p95Of(during);
    const limitMs = Math.max(floorMs, ratio * beforeMs);
    const bad = during.filter(({ outcome }) => outcome !== 'ok');
    const numbers = {
      before: [beforeMs, 'ms'] as [number, string],
      during: [duringMs, 'ms'] as [number, string],
      limit: [limitMs, 'ms'] as [number, string],
      requests: [during.length, 'requests'] as [number, string],
      unanswered: [bad.length, 'requests'] as [number, string],
    };
    if (1 - bad.length / during.length < answered) {
      return fails(
        `${link}: head-of-line blocking: ${bad.length} of ${count(during.length, 'request')} that do not need it got no answer during its outage`,
        numbers,
        bad,
      );
    }
    if (duringMs > limitMs) {
      return fails(
        `${link}: head-of-line blocking: requests that do not need it took ${duringMs.toFixed(0)} ms during its outage (p95), ${beforeMs.toFixed(0)} ms before; at most ${limitMs.toFixed(0)}`,
        numbers,
        during.filter((request) => latencyMs(request) > limitMs),
      );
    }
    return holds(
      `${link}: ${count(during.length, 'request')} that do not need it took ${duringMs.toFixed(0)} ms during its outage (p95), ${beforeMs.toFixed(0)} ms before (at most ${limitMs.toFixed(0)})`,
      numbers,
      during,
    );
  },
});

function latencyMs({ t, endT }: RequestEvent): number {
  return betweenMs(t, endT);
}

function p95Of(requests: readonly RequestEvent[]): number {
  return percentile(requests.map(latencyMs), 0.95);
}
