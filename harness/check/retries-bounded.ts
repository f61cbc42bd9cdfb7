/**
 * `retries-bounded`: no more attempts for a request than the declared policy allows, and with a wait
 * between them where one is declared. Attempts that carry no trace id (a database handshake never does)
 * cannot be told to requests, so their sum is bounded too: the retry amplification of the whole outage.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { attemptsIn, betweenMs, DEMAND_MIN, demandIn, gather, underWayAt } from './evidence.ts';
import { percentile } from './windows.ts';

const Params = z.strictObject({ link: z.string() });

/**
 * Full jitter draws each wait evenly from 0 to its cap, so single waits may be short; half of many
 * cannot be. A median below this share of the base is no backoff (its chance is under 1 % from 10 waits on).
 */
const MEDIAN_WAIT_RATIO = 0.1;
const WAITS_MIN = 10;

export const retriesBounded = defineChecker<z.infer<typeof Params>>({
  name: 'retries-bounded',
  about: 'attempts per request stay within the declared number, with the declared wait between them',
  params: Params,
  readsWire: true,
  judge(history, { link }) {
    const evidence = gather(history, link);
    if (typeof evidence === 'string') return inconclusive(evidence);
    const { policy, index, faults } = evidence;
    const allowed = policy.retry?.attempts ?? 1;
    const requests = faults.flatMap((span) => demandIn(evidence, span));
    const series = requests.map((request) => index.of(request).toSorted((a, b) => a.t - b.t));
    const tried = series.filter((attempts) => attempts.some(({ failed }) => failed));
    const most = series.reduce((best, attempts) => (attempts.length > best.length ? attempts : best), []);
    // A first attempt that fails is followed by a wait; the wait after a success is another request part's.
    const waits = series.flatMap((attempts) =>
      attempts.slice(1).flatMap((next, i) => {
        const before = attempts[i];
        return before?.failed === true ? [betweenMs(before.endT, next.t)] : [];
      }),
    );
    const medianMs = percentile(waits, 0.5);
    const attempts = faults.flatMap((span) => attemptsIn(evidence, span));
    // Who was under way when the fault came may make its attempts then.
    const met = new Set([...requests, ...faults.flatMap((span) => underWayAt(evidence, span.fromT))]);
    const amplification = attempts.length / Math.max(1, met.size);
    const numbers = {
      amplification: [amplification, 'attempts per request'] as [number, string],
      most: [most.length, 'attempts'] as [number, string],
      allowed: [allowed, 'attempts'] as [number, string],
      requests: [tried.length, 'requests with a failed attempt'] as [number, string],
      ...(waits.length === 0 ? {} : { medianWait: [medianMs, 'ms'] as [number, string] }),
    };
    if (most.length > allowed) {
      return fails(
        `${link}: ${most.length} attempts for one request; declared at most ${allowed}`,
        numbers,
        most,
      );
    }
    if (amplification > allowed) {
      return fails(
        `${link}: ${attempts.length} attempts for ${count(met.size, 'request')} during the fault; declared at most ${allowed} each`,
        numbers,
        attempts,
      );
    }
    const baseMs = policy.retry?.backoff.kind === 'none' ? 0 : (policy.retry?.backoff.baseMs ?? 0);
    if (waits.length >= WAITS_MIN && medianMs < baseMs * MEDIAN_WAIT_RATIO) {
      return fails(
        `${link}: half of ${waits.length} retries followed within ${medianMs.toFixed(1)} ms; declared base ${baseMs} ms`,
        numbers,
        tried.flat(),
      );
    }
    const failed = attempts.filter((attempt) => attempt.failed);
    if (requests.length < DEMAND_MIN || failed.length < DEMAND_MIN) {
      return inconclusive(
        `${link}: ${count(failed.length, 'failed attempt')} for ${count(requests.length, 'request')}; too few to see retries`,
        numbers,
      );
    }
    const spacing = waits.length === 0 ? '' : `, median wait ${medianMs.toFixed(0)} ms`;
    return holds(
      `${link}: ${amplification.toFixed(2)} attempts per request over ${count(requests.length, 'request')}, at most ${most.length} for one (declared ${allowed})${spacing}`,
      numbers,
      most,
    );
  },
});
