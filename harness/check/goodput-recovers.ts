/**
 * `goodput-recovers`: once the trigger is gone, what is answered live returns to what it was, within the time that the
 * scenario gives, and stays there. A target that is kept down by its own retries or queues (a metastable failure) does
 * not come back though nothing is broken any more.
 */
import { z } from 'zod';
import type { RequestEvent } from '../model/history.ts';
import { toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs } from './evidence.ts';
import { isLive } from './served.ts';
import { lastHeal, loadEnd, requestsIn, type Span, steadySpan } from './windows.ts';

/** Fewer requests than this are no goodput to speak of. */
const REQUESTS_MIN = 10;
/** A slice of time is judged from so many requests on; one with fewer counts with the next. */
const SLICE_REQUESTS_MIN = 5;

const Params = z.strictObject({
  /** Limit for the time from the last heal; left out, what the scenario gives (`recovery.withinMs`) less a slice. */
  withinMs: z.number().positive().optional(),
  /** Share of the goodput before the fault that must be there again. */
  ratio: z.number().min(0).max(1).default(0.9),
  /** What counts: answered live, or answered at all (2xx), for targets that do not say how they serve. */
  counts: z.enum(['live', 'answered']).default('live'),
  /** Length of a slice in which goodput is read, in ms. */
  sliceMs: z.number().positive().default(250),
});

interface Slice {
  span: Span;
  requests: readonly RequestEvent[];
}

export const goodputRecovers = defineChecker<z.infer<typeof Params>>({
  name: 'goodput-recovers',
  about: 'after the heal the share of requests answered live returns to what it was, in time, and stays',
  params: Params,
  judge(history, { withinMs, ratio, counts, sliceMs }) {
    const healedT = lastHeal(history);
    const limitMs = withinMs ?? history.header.scenario.recovery.withinMs - sliceMs;
    const isGood = counts === 'live' ? isLive : ({ outcome }: RequestEvent) => outcome === 'ok';
    const share = (requests: readonly RequestEvent[]): number =>
      requests.filter(isGood).length / Math.max(1, requests.length);
    const steady = steadySpan(history, 'before');
    const before = requestsIn(history, steady).filter(({ endT }) => endT < steady.toT);
    const slices = slicesOf(history, healedT, sliceMs);
    const after = slices.flatMap(({ requests }) => requests);
    if (before.length < REQUESTS_MIN || after.length < REQUESTS_MIN) {
      return inconclusive(
        `${count(before.length, 'request')} before the fault and ${after.length} after the heal; ${REQUESTS_MIN} each are needed`,
      );
    }
    const usual = share(before);
    if (usual === 0)
      return inconclusive('nothing was answered live before the fault, so there is nothing to return to');
    const wanted = usual * ratio;
    // Back from the first slice on that is good and is followed by nothing worse, taken together.
    const back = slices.findIndex(
      (slice, i) =>
        share(slice.requests) >= wanted &&
        share(slices.slice(i).flatMap(({ requests }) => requests)) >= wanted,
    );
    const tookMs = back < 0 ? null : betweenMs(healedT, slices[back]?.span.fromT ?? healedT);
    const last = slices.slice(-2).flatMap(({ requests }) => requests);
    const numbers = {
      before: [usual, 'ratio'] as [number, string],
      wanted: [wanted, 'ratio'] as [number, string],
      atEnd: [share(last), 'ratio'] as [number, string],
      limit: [limitMs, 'ms'] as [number, string],
      ...(tookMs === null ? {} : { took: [tookMs, 'ms'] as [number, string] }),
    };
    const percent = (value: number): string => `${Math.round(value * 100)} %`;
    const bad = after.filter((request) => !isGood(request));
    if (tookMs === null) {
      return fails(
        `goodput did not return: ${percent(share(last))} at the end, ${percent(usual)} before the fault, though the trigger was gone for ${Math.round(betweenMs(healedT, loadEnd(history)))} ms`,
        numbers,
        bad,
      );
    }
    if (tookMs > limitMs) {
      return fails(
        `goodput returned late: ${Math.round(tookMs)} ms after the heal; at most ${Math.round(limitMs)}`,
        numbers,
        bad,
      );
    }
    return holds(
      `goodput was back at ${percent(usual * ratio)} or more ${Math.round(tookMs)} ms after the heal (at most ${Math.round(limitMs)}), ${percent(share(last))} at the end`,
      numbers,
      slices[back]?.requests ?? [],
    );
  },
});

/** The time from the heal to the end of the load in slices that hold enough requests to judge. */
function slicesOf(history: Parameters<typeof loadEnd>[0], fromT: number, sliceMs: number): Slice[] {
  const slices: Slice[] = [];
  const endT = loadEnd(history);
  let startT = fromT;
  for (let toT = fromT + toNs(sliceMs); startT < endT; toT += toNs(sliceMs)) {
    const span = { fromT: startT, toT: Math.min(toT, endT) };
    const requests = requestsIn(history, span);
    if (requests.length < SLICE_REQUESTS_MIN && toT < endT) continue;
    const previous = slices.at(-1);
    if (requests.length < SLICE_REQUESTS_MIN && previous !== undefined)
      slices[slices.length - 1] = {
        span: { fromT: previous.span.fromT, toT: span.toT },
        requests: [...previous.requests, ...requests],
      };
    else slices.push({ span, requests });
    startT = toT;
  }
  return slices;
}
