/**
 * `deadline-respected`: while dependencies are in trouble every request is answered within its deadline, and what
 * was not is given up on every link: an attempt that begins after the deadline works for nobody, and one that goes on
 * beyond its declared timeout was let go of, not ended.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { toNs } from '../model/time.ts';
import { attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs, DEMAND_MIN } from './evidence.ts';
import { faultSpans, isWithin } from './windows.ts';

const Params = z.strictObject({
  /** Deadline of a request, in ms; left out, what its caller waits (`traffic.requestTimeoutMs`). */
  withinMs: z.number().positive().optional(),
  /** Only requests of these kinds; left out, all. */
  requests: z.array(z.string()).min(1).optional(),
  /** Beyond the deadline: the way back, and the pauses of a busy machine. */
  slackMs: z.number().min(0).default(250),
});

export const deadlineRespected = defineChecker<z.infer<typeof Params>>({
  name: 'deadline-respected',
  about: 'no answer during the outage comes after its deadline, and nothing is attempted for it later',
  params: Params,
  judge(history, { withinMs, requests, slackMs }) {
    const deadlineMs = withinMs ?? history.header.scenario.traffic.requestTimeoutMs;
    const spans = faultSpans(history);
    const met = eventsOf(history, 'request').filter(
      ({ name, outcome, startT, endT }) =>
        outcome !== 'dropped' &&
        requests?.includes(name) !== false &&
        spans.some((span) => startT < span.toT && endT >= span.fromT),
    );
    const tookMs = met.map(({ startT, endT }) => betweenMs(startT, endT));
    const late = met.filter(
      ({ outcome, startT, endT }) => outcome === 'timeout' || betweenMs(startT, endT) > deadlineMs + slackMs,
    );
    const byTrace = new Map(met.map((request) => [request.trace, request]));
    const attempts = Object.keys(history.header.protocols).flatMap((link) =>
      attemptsOn(history, link).map((attempt) => ({ ...attempt, link })),
    );
    const orphans = attempts.filter(({ t, trace }) => {
      const request = trace === null ? undefined : byTrace.get(trace);
      return request !== undefined && t > request.startT + toNs(deadlineMs + slackMs);
    });
    const abandoned = attempts.filter(({ t, endT, link }) => {
      const timeoutMs = history.header.declared[link]?.timeoutMs ?? Infinity;
      return betweenMs(t, endT) > timeoutMs + slackMs && spans.some((span) => isWithin(t, span));
    });
    const longestMs = Math.max(0, ...tookMs);
    const numbers = {
      longest: [longestMs, 'ms'] as [number, string],
      deadline: [deadlineMs, 'ms'] as [number, string],
      requests: [met.length, 'requests'] as [number, string],
      late: [late.length, 'requests'] as [number, string],
      orphans: [orphans.length, 'attempts'] as [number, string],
      abandoned: [abandoned.length, 'attempts'] as [number, string],
    };
    if (late.length > 0) {
      return fails(
        `deadline missed: ${count(late.length, 'request')} of ${met.length} during the outage took up to ${Math.round(longestMs)} ms; the deadline is ${deadlineMs} ms`,
        numbers,
        late,
      );
    }
    if (orphans.length > 0) {
      const links = [...new Set(orphans.map(({ link }) => link))].join(', ');
      return fails(
        `deadline not passed on: ${count(orphans.length, 'attempt')} on ${links} began after the deadline of ${deadlineMs} ms of the request they were for`,
        numbers,
        orphans,
      );
    }
    const [left] = abandoned.toSorted((a, b) => b.endT - b.t - (a.endT - a.t));
    if (left !== undefined) {
      return fails(
        `timeout not enforced: ${count(abandoned.filter(({ link }) => link === left.link).length, 'attempt')} on ${left.link} went on for up to ${Math.round(betweenMs(left.t, left.endT))} ms; declared at most ${history.header.declared[left.link]?.timeoutMs} ms`,
        numbers,
        abandoned,
      );
    }
    if (met.length < DEMAND_MIN)
      return inconclusive(
        `${count(met.length, 'request')} during the outage; too few to judge a deadline`,
        numbers,
      );
    return holds(
      `${count(met.length, 'request')} during the outage, answered within ${Math.round(longestMs)} ms (deadline ${deadlineMs}); nothing was attempted later`,
      numbers,
      met.filter(({ startT, endT }) => betweenMs(startT, endT) === longestMs),
    );
  },
});
