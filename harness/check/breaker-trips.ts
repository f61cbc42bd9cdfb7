/** `breaker-trips`: attempts stop after the declared number of failures, not earlier and not later. */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { DEMAND_MIN, demandIn, earlySilence, gather, openSpans } from './evidence.ts';
import { isWithin, loadEnd } from './windows.ts';

const Params = z.strictObject({ link: z.string() });

export const breakerTrips = defineChecker<z.infer<typeof Params>>({
  name: 'breaker-trips',
  about:
    'after the declared number of failures the target keeps getting requests, but attempts on the link stop',
  params: Params,
  readsWire: true,
  judge(history, { link }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { breaker, replay, attempts, faults } = evidence;
    const failed = attempts.filter(
      (attempt) => attempt.failed && faults.some((span) => attempt.endT >= span.fromT),
    );

    const [trip] = replay.trips;
    // After the first trip silence has other reasons, such as writes that wait behind a queue.
    const early = earlySilence(evidence, trip?.t ?? loadEnd(history));
    if (early !== null) {
      return fails(
        `${link}: attempts stopped after ${count(early.failuresBefore, 'failure')}; declared ${breaker.failures}`,
        { failures: [early.failuresBefore, 'failures'], declared: [breaker.failures, 'failures'] },
        early.requests,
      );
    }
    const [open] = openSpans(evidence);
    if (trip === undefined || open === undefined) {
      return inconclusive(
        `${link}: ${count(failed.length, 'failure')} reached the link; the breaker was never due to trip at ${breaker.failures}`,
        { failures: [failed.length, 'failures'], declared: [breaker.failures, 'failures'] },
        failed,
      );
    }
    const leaks = replay.leaks.filter(({ t }) => isWithin(t, open));
    const kept = demandIn(evidence, open);
    if (leaks.length > 0) {
      return fails(
        `${link}: still attempting after ${breaker.failures} failures: ${count(leaks.length, 'attempt')} while it should have been open`,
        {
          attempts: [leaks.length, 'attempts'],
          declared: [breaker.failures, 'failures'],
          failures: [failed.length, 'failures'],
        },
        leaks,
      );
    }
    if (kept.length < DEMAND_MIN) {
      return inconclusive(
        `${link}: only ${count(kept.length, 'request')} needed the link after the trip; silence proves nothing`,
        { requests: [kept.length, 'requests'] },
        trip.failures,
      );
    }
    return holds(
      `${link}: tripped after ${trip.failures.length} failures (declared ${breaker.failures}); then ${count(kept.length, 'request')}, no attempt`,
      {
        failures: [trip.failures.length, 'failures'],
        declared: [breaker.failures, 'failures'],
        requests: [kept.length, 'requests'],
      },
      trip.failures,
    );
  },
});
