/** `stays-closed`: failures below the threshold do not trip the breaker; every request is still attempted. */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { demandIn, earlySilence, gather } from './evidence.ts';
import { loadEnd } from './windows.ts';

const Params = z.strictObject({ link: z.string() });

export const staysClosed = defineChecker<z.infer<typeof Params>>({
  name: 'stays-closed',
  about: 'a blip below the threshold must not trip the breaker',
  params: Params,
  readsWire: true,
  judge(history, { link }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { breaker, replay, attempts, faults } = evidence;
    const fromT = faults[0]?.fromT;
    if (fromT === undefined) return inconclusive(`${link}: no fault was injected`);
    const failed = attempts.filter((attempt) => attempt.failed && attempt.endT >= fromT);
    const numbers = {
      failures: [failed.length, 'failures'] as [number, string],
      declared: [breaker.failures, 'failures'] as [number, string],
    };
    if (failed.length === 0)
      return inconclusive(`${link}: no attempt failed, so nothing was put to the test`, numbers);
    if (replay.trips.length > 0) {
      return inconclusive(
        `${link}: ${count(failed.length, 'failure')}: the fault was no blip, a breaker at ${breaker.failures} should trip`,
        numbers,
        failed,
      );
    }
    const early = earlySilence(evidence, loadEnd(history));
    if (early !== null) {
      return fails(
        `${link}: ${count(early.failuresBefore, 'failure')} stopped its attempts; declared ${breaker.failures}`,
        numbers,
        [...failed, ...early.requests],
      );
    }
    const asked = demandIn(evidence, { fromT, toT: loadEnd(history) });
    return holds(
      `${link}: ${count(failed.length, 'failure')} (declared ${breaker.failures}); all of the ${count(asked.length, 'request')} since were attempted`,
      { ...numbers, requests: [asked.length, 'requests'] },
      failed,
    );
  },
});
