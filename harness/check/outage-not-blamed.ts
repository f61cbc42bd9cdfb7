/**
 * `outage-not-blamed`: an outage is never told as a fault of the caller. Who is told 4xx throws the request away and
 * looks for a mistake of their own; who is told 5xx comes back.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { faultSpans, isWithin, needs, steadyRequests } from './windows.ts';

const REQUESTS_MIN = 10;
/** Told by an entry that protects itself, and rightly. */
const TOO_MANY = 429;

const Params = z.strictObject({ link: z.string() });

export const outageNotBlamed = defineChecker<z.infer<typeof Params>>({
  name: 'outage-not-blamed',
  about: "no request that was fine before is answered 4xx during the outage: it is not the caller's fault",
  params: Params,
  judge(history, { link }) {
    const fine = new Set(
      steadyRequests(history, 'before')
        .filter(({ outcome }) => outcome === 'ok')
        .map(({ name }) => name),
    );
    const spans = faultSpans(history, link);
    const met = eventsOf(history, 'request')
      .filter(needs(history, link))
      .filter(({ name, startT }) => fine.has(name) && spans.some((span) => isWithin(startT, span)));
    const blamed = met.filter(
      ({ status }) => status !== null && status >= 400 && status < 500 && status !== TOO_MANY,
    );
    const failed = met.filter(({ outcome }) => outcome !== 'ok');
    const numbers = {
      met: [met.length, 'requests'] as [number, string],
      failed: [failed.length, 'requests not answered 2xx'] as [number, string],
      blamed: [blamed.length, 'answers 4xx'] as [number, string],
    };
    if (blamed.length > 0) {
      return fails(
        `${link}: outage told as the caller's fault: ${count(blamed.length, 'answer')} ${[...new Set(blamed.map(({ status }) => status))].join(', ')} to requests that were fine before`,
        numbers,
        blamed,
      );
    }
    if (met.length < REQUESTS_MIN)
      return inconclusive(
        `${link}: ${count(met.length, 'request')} met its outage; ${REQUESTS_MIN} are needed`,
        numbers,
      );
    return holds(
      `${link}: none of ${count(failed.length, 'request')} that the outage failed was answered 4xx`,
      numbers,
    );
  },
});
