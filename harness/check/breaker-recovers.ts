/**
 * `breaker-recovers`: once the dependency is back, the target asks it again within the open duration
 * and the time of its probes, and goes on asking.
 */
import { z } from 'zod';
import { toNs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { attemptsIn, betweenMs, DEMAND_MIN, demandIn, gather } from './evidence.ts';
import { lastHeal, steadySpan } from './windows.ts';

/** Beyond the declared times: scheduling, the wait for a request that probes, and the target's own sweeps. */
const SLACK_RATIO = 0.25;
const SLACK_MS = 250;

const Params = z.strictObject({
  link: z.string(),
  /** Time the dependency itself needs after the heal, in ms: a pooler has to find its server again. */
  dependencyBackMs: z.number().min(0).default(0),
});

export const breakerRecovers = defineChecker<z.infer<typeof Params>>({
  name: 'breaker-recovers',
  about: 'after the heal the link is asked again within open duration plus probe, and stays in use',
  params: Params,
  readsWire: true,
  judge(history, { link, dependencyBackMs }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { attempts, breaker, policy, faults, index } = evidence;
    if (faults.length === 0) return inconclusive(`${link}: no fault was injected`);
    const healedT = Math.max(faults.at(-1)?.toT ?? 0, lastHeal(history));
    const limitMs =
      dependencyBackMs + breaker.openMs * (1 + SLACK_RATIO) + (policy.timeoutMs ?? 0) + SLACK_MS;

    const success = attempts.find(({ failed, endT }) => !failed && endT >= healedT);
    const demand = demandIn(evidence, { fromT: healedT, toT: healedT + toNs(limitMs) });
    if (demand.length < DEMAND_MIN) {
      return inconclusive(
        `${link}: ${count(demand.length, 'request')} after the heal; nobody asked for recovery`,
      );
    }
    if (success === undefined) {
      return fails(
        `${link}: never asked again after the heal, though ${count(demand.length, 'request')} needed it`,
        { limit: [limitMs, 'ms'], requests: [demand.length, 'requests'] },
        demand,
      );
    }
    const tookMs = betweenMs(healedT, success.endT);
    const numbers = { took: [tookMs, 'ms'] as [number, string], limit: [limitMs, 'ms'] as [number, string] };
    if (tookMs > limitMs) {
      return fails(
        `${link}: first good answer ${Math.round(tookMs)} ms after the heal; open duration ${breaker.openMs} ms and its probe allow ${Math.round(limitMs)}`,
        numbers,
        [success],
      );
    }
    const end = steadySpan(history, 'after');
    const late = demandIn(evidence, end);
    const asked = late.filter((request) => index.of(request).length > 0);
    if (late.length < DEMAND_MIN || attemptsIn(evidence, end).length === 0) {
      return late.length < DEMAND_MIN
        ? inconclusive(
            `${link}: ${count(late.length, 'request')} at the end; too few to see it in use again`,
            numbers,
          )
        : fails(`${link}: in use ${Math.round(tookMs)} ms after the heal, but not at the end`, numbers, late);
    }
    return holds(
      `${link}: first good answer ${Math.round(tookMs)} ms after the heal (allowed ${Math.round(limitMs)}), in use at the end by ${asked.length} of ${late.length} requests`,
      numbers,
      [success],
    );
  },
});
