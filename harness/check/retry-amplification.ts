/**
 * `retry-amplification`: how many times as many attempts the target makes per request on the link as when all is
 * well, during the outage and over the whole run. A dependency in trouble must not get more load than one in
 * health, but for the declared tries. What a request takes without faults is read from the run before them, kind
 * by kind, so that a request that honestly asks three times is no storm.
 */
import { z } from 'zod';
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { type Attempt, AttemptIndex, attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { DEMAND_MIN } from './evidence.ts';
import { faultSpans, isWithin, loadEnd, loadStart, needs, type Span, steadySpan } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Times as many attempts as without faults that are borne; left out, the declared tries. */
  atMost: z.number().min(1).optional(),
  /** Failed attempts that it takes to see retries; 0 where the outage is one of slowness, and what grows are misses. */
  failures: z.int().min(0).default(DEMAND_MIN),
});

/** Chance in the mix of kinds, and attempts of requests that began just outside the span. */
const SLACK_RATIO = 0.1;

export const retryAmplification = defineChecker<z.infer<typeof Params>>({
  name: 'retry-amplification',
  about: 'attempts per request do not grow beyond the declared tries, during the outage or over the run',
  params: Params,
  readsWire: true,
  judge(history, { link, atMost, failures }) {
    const declared = history.header.declared[link];
    if (atMost === undefined && declared === undefined)
      return inconclusive(`the target declares no policy for link ${link}; give atMost`);
    const allowed = atMost ?? declared?.retry?.attempts ?? 1;
    const faults = faultSpans(history, link);
    const attempts = attemptsOn(history, link);
    const demand = eventsOf(history, 'request')
      .filter(({ outcome }) => outcome !== 'dropped')
      .filter(needs(history, link));
    const index = new AttemptIndex(attempts, demand);
    const usual = usualAttempts(history, { attempts, demand, index });

    const timesIn = (spans: readonly Span[]) => {
      const made = attempts.filter(({ t }) => spans.some((span) => isWithin(t, span)));
      const asked = demand.filter(({ startT, endT }) =>
        spans.some((span) => startT < span.toT && endT >= span.fromT),
      );
      const expected = asked.reduce((sum, request) => sum + usual(request), 0);
      return { made, asked, times: made.length / Math.max(1, expected) };
    };
    const during = timesIn(faults);
    const whole = timesIn([{ fromT: loadStart(history), toT: loadEnd(history) }]);
    // Without traces a request's attempts are all that began meanwhile, its neighbours' too.
    const most = (index.traced ? during.asked : []).reduce<{ times: number; attempts: readonly Attempt[] }>(
      (worst, request) => {
        const own = index.of(request);
        const times = own.length / Math.max(1, Math.ceil(usual(request)));
        return times > worst.times ? { times, attempts: own } : worst;
      },
      { times: 0, attempts: [] },
    );
    const failed = during.made.filter((attempt) => attempt.failed);
    const numbers = {
      during: [during.times, 'times the usual attempts'] as [number, string],
      whole: [whole.times, 'times the usual attempts'] as [number, string],
      most: [most.attempts.length, 'attempts for one request'] as [number, string],
      perRequest: [during.made.length / Math.max(1, during.asked.length), 'attempts per request'] as [
        number,
        string,
      ],
      allowed: [allowed, 'times'] as [number, string],
    };
    const limit = allowed * (1 + SLACK_RATIO);
    if (during.times > limit) {
      return fails(
        `${link}: retry storm: ${during.times.toFixed(1)} times the usual attempts during the outage (${during.made.length} for ${count(during.asked.length, 'request')}); at most ${allowed}`,
        numbers,
        during.made,
      );
    }
    if (most.times > limit) {
      return fails(
        `${link}: retry storm: ${most.attempts.length} attempts for one request, ${most.times.toFixed(1)} times what it takes; at most ${allowed}`,
        numbers,
        most.attempts,
      );
    }
    if (whole.times > limit) {
      return fails(
        `${link}: retry storm: ${whole.times.toFixed(1)} times the usual attempts over the whole run (${whole.made.length} for ${count(whole.asked.length, 'request')}); at most ${allowed}`,
        numbers,
        whole.made,
      );
    }
    if (during.asked.length < DEMAND_MIN || failed.length < failures) {
      return inconclusive(
        `${link}: ${count(failed.length, 'failed attempt')} for ${count(during.asked.length, 'request')} during the outage; too few to see retries`,
        numbers,
      );
    }
    return holds(
      `${link}: ${during.times.toFixed(2)} times the usual attempts during the outage, ${whole.times.toFixed(2)} over the whole run, at most ${most.attempts.length} for one request (allowed ${allowed} times)`,
      numbers,
      most.attempts,
    );
  },
});

/** Attempts that a request of a kind takes without faults; at least 1 where the run shows fewer or none. */
function usualAttempts(
  history: History,
  {
    attempts,
    demand,
    index,
  }: { attempts: readonly Attempt[]; demand: readonly RequestEvent[]; index: AttemptIndex },
): (request: RequestEvent) => number {
  const before = steadySpan(history, 'before');
  const calm = demand.filter(({ startT, endT }) => isWithin(startT, before) && endT < before.toT);
  const made = attempts.filter(({ t }) => isWithin(t, before)).length;
  const overall = Math.max(1, made / Math.max(1, calm.length));
  const usual = new Map<string, number>();
  for (const [name, requests] of Map.groupBy(calm, ({ name }) => name)) {
    const own = requests.reduce((sum, request) => sum + index.of(request).length, 0);
    usual.set(name, index.traced ? Math.max(1, own / requests.length) : overall);
  }
  return ({ name }) => usual.get(name) ?? overall;
}
