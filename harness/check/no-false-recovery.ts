/**
 * `no-false-recovery`: once the dependency is back and the time to notice it is over, answers are live again, and no
 * connection from before the heal is still tried. Else the target is well only to look at: it goes on serving its
 * fallback, or hands out dead connections from its pool.
 */
import { z } from 'zod';
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { type Ms, toNs } from '../model/time.ts';
import { attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { DEMAND_MIN } from './evidence.ts';
import { LIVE, servedFrom } from './served.ts';
import { faultSpans, isWithin, lastHeal, loadEnd, needs, type Span, steadySpan } from './windows.ts';

/** Beyond the open duration and a probe: scheduling, and the wait for a request that probes; as `breaker-recovers` has it. */
const SLACK_RATIO = 0.25;
const SLACK_MS = 250;

const Params = z.strictObject({
  link: z.string(),
  /** Time from the heal in which the fallback may still be served, in ms; left out, open duration + 25 % + timeout + 250. */
  afterMs: z.number().min(0).optional(),
  /** Share of degraded answers that is borne after that, beyond the share before the fault. */
  atMost: z.number().min(0).max(1).default(0.05),
});

export const noFalseRecovery = defineChecker<z.infer<typeof Params>>({
  name: 'no-false-recovery',
  about: 'long after the heal nothing is served by the fallback, and no connection from before it is tried',
  params: Params,
  readsWire: true,
  judge(history, { link, afterMs, atMost }) {
    if (faultSpans(history, link).length === 0) return inconclusive(`${link}: no fault was injected`);
    const graceMs = afterMs ?? timeToNotice(history, link);
    if (graceMs === null) return inconclusive(`the target declares no breaker on link ${link}; give afterMs`);
    const healedT = lastHeal(history);
    const span = { fromT: healedT + toNs(graceMs), toT: loadEnd(history) };
    const answers = answersIn(history, link, span);
    const degraded = answers.filter((answer) => isDegraded(answer, link));
    const before = answersIn(history, link, steadySpan(history, 'before'));
    const usual = before.filter((answer) => isDegraded(answer, link)).length / Math.max(1, before.length);
    const opened = new Map(
      eventsOf(history, 'connection').flatMap(({ link: on, what, connection, t }) =>
        on === link && what === 'opened' ? [[connection, t] as const] : [],
      ),
    );
    const dead = attemptsOn(history, link).filter(
      ({ t, failed, connection }) =>
        failed && isWithin(t, span) && (opened.get(connection) ?? Infinity) < healedT,
    );
    const numbers = {
      answers: [answers.length, 'answers'] as [number, string],
      degraded: [degraded.length, 'answers'] as [number, string],
      deadConnections: [new Set(dead.map(({ connection }) => connection)).size, 'connections'] as [
        number,
        string,
      ],
      after: [graceMs, 'ms'] as [number, string],
    };
    if (degraded.length / Math.max(1, answers.length) > usual + atMost) {
      const ways = [...new Set(degraded.map((answer) => servedFrom(answer, link)))].join(', ');
      return fails(
        `${link}: false recovery: ${degraded.length} of ${count(answers.length, 'answer')} still served as ${ways} more than ${Math.round(graceMs)} ms after the heal`,
        numbers,
        degraded,
      );
    }
    if (dead.length > 0) {
      return fails(
        `${link}: false recovery: ${count(dead.length, 'attempt')} on dead connections from before the heal, more than ${Math.round(graceMs)} ms after it`,
        numbers,
        dead,
      );
    }
    if (answers.length < DEMAND_MIN) {
      return inconclusive(
        `${link}: ${count(answers.length, 'answer')} later than ${Math.round(graceMs)} ms after the heal; too few to judge`,
        numbers,
      );
    }
    return holds(
      `${link}: ${answers.length - degraded.length} of ${count(answers.length, 'answer')} live later than ${Math.round(graceMs)} ms after the heal; no dead connection was tried`,
      numbers,
      answers,
    );
  },
});

function timeToNotice(history: History, link: string): Ms | null {
  const policy = history.header.declared[link];
  if (policy === undefined || policy.breaker === null) return null;
  return policy.breaker.openMs * (1 + SLACK_RATIO) + (policy.timeoutMs ?? 0) + SLACK_MS;
}

/** Answers to requests that need the link and were sent in the span. */
function answersIn(history: History, link: string, span: Span): RequestEvent[] {
  return eventsOf(history, 'request')
    .filter(needs(history, link))
    .filter(({ startT, outcome }) => outcome === 'ok' && isWithin(startT, span));
}

function isDegraded(answer: RequestEvent, link: string): boolean {
  const by = servedFrom(answer, link);
  return by !== null && by !== LIVE;
}
