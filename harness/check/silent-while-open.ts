/** `silent-while-open`: while the breaker is open only its probes reach the link, and no more than declared. */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs, DEMAND_MIN, demandIn, gather, openSpans } from './evidence.ts';

const Params = z.strictObject({ link: z.string() });

export const silentWhileOpen = defineChecker<z.infer<typeof Params>>({
  name: 'silent-while-open',
  about: 'no attempt for the open duration, and no more probes than declared in each half-open stretch',
  params: Params,
  readsWire: true,
  judge(history, { link }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { breaker, replay } = evidence;
    const spans = openSpans(evidence);
    const requests = spans.flatMap((span) => demandIn(evidence, span));
    const openMs = spans.reduce((sum, { fromT, toT }) => sum + betweenMs(fromT, toT), 0);
    const mostProbes = Math.max(0, ...replay.probes.map((probes) => probes.length));
    const numbers = {
      open: [openMs, 'ms'] as [number, string],
      requests: [requests.length, 'requests'] as [number, string],
      leaks: [replay.leaks.length, 'attempts'] as [number, string],
      probes: [mostProbes, 'probes at most'] as [number, string],
    };
    if (replay.leaks.length > 0) {
      return fails(
        `${link}: ${count(replay.leaks.length, 'attempt')} while the breaker should have been open`,
        numbers,
        replay.leaks,
      );
    }
    if (replay.surplusProbes.length > 0) {
      return fails(
        `${link}: ${mostProbes} probes in one half-open stretch; declared ${breaker.halfOpenProbes}`,
        numbers,
        replay.surplusProbes,
      );
    }
    if (requests.length < DEMAND_MIN) {
      return inconclusive(
        `${link}: ${count(requests.length, 'request')} while open; too few to tell silence from idleness`,
        numbers,
      );
    }
    return holds(
      `${link}: open ${Math.round(openMs)} ms in all, ${count(requests.length, 'request')}, no attempt but at most ${count(mostProbes, 'probe')} at a time (declared ${breaker.halfOpenProbes})`,
      numbers,
      replay.probes.flat(),
    );
  },
});
