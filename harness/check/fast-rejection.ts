/**
 * `fast-rejection`: while the breaker is open an answer does not wait for the dependency's timeout. The
 * limit is three quarters of that timeout on top of what such requests took before the fault, so that a busy machine,
 * which slows both, is not taken for a waiting target.
 */
import { z } from 'zod';
import type { RequestEvent } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs, DEMAND_MIN, demandIn, gather, openSpans } from './evidence.ts';
import { percentile, steadySpan } from './windows.ts';

/** Who waits at all waits for the whole timeout; a moment in which a busy machine stood still is shorter. */
const TIMEOUT_RATIO = 0.75;

const Params = z.strictObject({
  link: z.string(),
  /** Limit for the 95th percentile; left out, three quarters of the declared timeout on top of the p95 before the fault. */
  withinMs: z.number().positive().optional(),
});

export const fastRejection = defineChecker<z.infer<typeof Params>>({
  name: 'fast-rejection',
  about: 'requests that meet an open breaker are answered well before the timeout of the link',
  params: Params,
  readsWire: true,
  judge(history, { link, withinMs }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const timeoutMs = evidence.policy.timeoutMs;
    if (timeoutMs === null && withinMs === undefined) {
      return inconclusive(`${link}: no timeout is declared and no limit was given`);
    }
    const before = demandIn(evidence, steadySpan(history, 'before'));
    const limitMs = withinMs ?? (timeoutMs ?? 0) * TIMEOUT_RATIO + (before.length === 0 ? 0 : p95Of(before));
    const met = openSpans(evidence)
      .flatMap((span) => demandIn(evidence, span).filter(({ endT }) => endT < span.toT))
      .filter((request) => evidence.index.of(request).length === 0);
    if (met.length < DEMAND_MIN)
      return inconclusive(`${link}: ${count(met.length, 'request')} met the open breaker`);
    const p95Ms = p95Of(met);
    const numbers = {
      p95: [p95Ms, 'ms'] as [number, string],
      limit: [limitMs, 'ms'] as [number, string],
      requests: [met.length, 'requests'] as [number, string],
    };
    const says = `${link}: p95 of ${count(met.length, 'request')} while open is ${p95Ms.toFixed(1)} ms (limit ${limitMs.toFixed(0)})`;
    return p95Ms <= limitMs ? holds(says, numbers, met) : fails(says, numbers, met);
  },
});

function p95Of(requests: readonly RequestEvent[]): number {
  return percentile(
    requests.map(({ t, endT }) => betweenMs(t, endT)),
    0.95,
  );
}
