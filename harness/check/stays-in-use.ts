/**
 * `stays-in-use`: a fault that the target can bear (an answer that is slow and still in time, a refusal that is
 * its own fault, a connection that has to be made anew) stops no request from trying the link, and where it is
 * said, most are still served from it.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { demandIn, gather } from './evidence.ts';
import { LIVE, servedFrom } from './served.ts';

/** Fewer requests than this under the fault prove nothing. */
const REQUESTS_MIN = 10;

const Ratio = z.number().min(0).max(1);

const Params = z.strictObject({
  link: z.string(),
  /** Share of the requests under the fault that must try the link. */
  attempted: Ratio.default(0.95),
  /** Share of them that must be answered and say that this link served them live; 0: none need be. */
  live: Ratio.default(0),
});

export const staysInUse = defineChecker<z.infer<typeof Params>>({
  name: 'stays-in-use',
  about:
    'a fault that can be borne keeps no request from the link, and most are served from it where that is asked',
  params: Params,
  readsWire: true,
  judge(history, { link, attempted, live }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const requests = evidence.faults.flatMap((span) => demandIn(evidence, span));
    if (requests.length < REQUESTS_MIN)
      return inconclusive(
        `${link}: ${count(requests.length, 'request')} during the fault; ${REQUESTS_MIN} are needed`,
      );
    const silent = requests.filter((request) => evidence.index.of(request).length === 0);
    const elsewhere = requests.filter(
      (request) => request.outcome !== 'ok' || servedFrom(request, link) !== LIVE,
    );
    const ratio = (left: readonly unknown[]): number => 1 - left.length / requests.length;
    const numbers = {
      requests: [requests.length, 'requests'] as [number, string],
      attempted: [ratio(silent), 'ratio'] as [number, string],
      live: [ratio(elsewhere), 'ratio'] as [number, string],
    };
    const tried = requests.length - silent.length;
    if (ratio(silent) < attempted) {
      return fails(
        `${link}: only ${tried} of ${requests.length} requests tried it during a fault that can be borne (at least ${attempted * 100} %)`,
        numbers,
        silent,
      );
    }
    const served = requests.length - elsewhere.length;
    if (ratio(elsewhere) < live) {
      return fails(
        `${link}: only ${served} of ${requests.length} requests were served live during a fault that can be borne (at least ${live * 100} %)`,
        numbers,
        elsewhere,
      );
    }
    return holds(
      `${link}: ${tried} of ${requests.length} requests tried it during the fault, ${served} were served live`,
      numbers,
    );
  },
});
