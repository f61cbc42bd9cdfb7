/**
 * `held-open-after-heal`: a refused connection leaves no trace on a link, so a trip by refusals is
 * proven by what follows: the dependency is back, requests keep coming, and nothing is attempted
 * until the open duration has passed.
 */
import { z } from 'zod';
import { toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs, DEMAND_MIN, demandIn, gather } from './evidence.ts';

const Params = z.strictObject({ link: z.string() });

export const heldOpenAfterHeal = defineChecker<z.infer<typeof Params>>({
  name: 'held-open-after-heal',
  about:
    'after the link is healed nothing is attempted until the breaker may probe, though requests keep coming',
  params: Params,
  readsWire: true,
  judge(history, { link }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { attempts, breaker, faults } = evidence;
    const fault = faults.at(-1);
    if (fault === undefined) return inconclusive(`${link}: no fault was injected`);
    const healedT = fault.toT;
    const during = demandIn(evidence, fault);
    if (during.length < breaker.failures) {
      return inconclusive(
        `${link}: ${count(during.length, 'request')} during the fault cannot trip a breaker at ${breaker.failures}`,
        { requests: [during.length, 'requests'] },
      );
    }
    if (betweenMs(fault.fromT, healedT) > breaker.openMs) {
      return inconclusive(
        `${link}: the fault outlasted the open duration of ${breaker.openMs} ms, so silence after it is left to chance`,
      );
    }
    const first = attempts.find(({ t }) => t >= healedT);
    const silence = { fromT: healedT, toT: first?.t ?? healedT + toNs(breaker.openMs) };
    const kept = demandIn(evidence, silence);
    const silentMs = betweenMs(silence.fromT, silence.toT);
    const numbers = {
      silence: [silentMs, 'ms'] as [number, string],
      requests: [kept.length, 'requests'] as [number, string],
    };
    if (kept.length >= DEMAND_MIN) {
      return holds(
        `${link}: open at the heal: ${count(kept.length, 'request')} in ${Math.round(silentMs)} ms after it, no attempt`,
        numbers,
        kept,
      );
    }
    if (first === undefined) return inconclusive(`${link}: too few requests after the heal to tell`, numbers);
    return fails(
      `${link}: attempts went on ${Math.round(silentMs)} ms after the heal; ${during.length} requests met refusals and the breaker (declared ${breaker.failures}) was not open`,
      numbers,
      [first],
    );
  },
});
