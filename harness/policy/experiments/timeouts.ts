/**
 * How long an attempt is waited for: at the connection, before the head, inside a silent body, inside a body
 * that never stops. Who ended the exchange, and when, is read from the link; the caller's wait is another number.
 */
import type { Ms } from '../../model/time.ts';
import type { Attempt, Condition } from '../bench.ts';
import type { Lab } from '../lab.ts';

/** Two limits this near to each other are one timer. */
const SAME_SHARE = 0.06;
/** The bench waits this much longer than the longest limit it looks for. */
const HANGS = ['slow-headers', 'stalled-stream', 'drip'] as const;

interface Hang {
  /** First attempt; null: none was seen. */
  attempt: Attempt | null;
  /** The caller's wait; null: it was never answered. */
  callMs: Ms | null;
  attempts: number;
}

export function timeouts(lab: Lab): Promise<string> {
  return lab.inFog(() => measure(lab));
}

async function measure(lab: Lab): Promise<string> {
  const seen: Partial<Record<(typeof HANGS)[number], Hang | string>> = {};
  for (const condition of HANGS) seen[condition] = await hang(lab, condition);
  const head = conclude(
    lab,
    seen['slow-headers'],
    'timeout.headersMs',
    'answers that never begin',
    (attempt) => attempt.endMs - attempt.startMs,
  );
  const slow = seen['slow-headers'];
  if (typeof slow === 'object') caller(lab, slow);
  const total = conclude(
    lab,
    seen.drip,
    'timeout.totalMs',
    'a body that never stops coming',
    (attempt) => attempt.endMs - attempt.startMs,
  );
  idle(lab, seen['stalled-stream'], total);
  const connect = await connection(lab, head ?? total);
  return `head ${text(head)}, total ${text(total)}, connection ${connect}`;
}

function text(ms: Ms | null): string {
  return ms === null ? 'none seen' : `${ms.toFixed(0)} ms`;
}

/** One call that meets a hang; what it takes until everybody has given up, or we do. */
async function hang(lab: Lab, condition: Condition): Promise<Hang | string> {
  const why = await lab.arm(condition);
  if (why !== null) return why;
  const { reply, attempts, healedMs } = await lab.endlessCall();
  await lab.restore();
  const first = attempts[0] ?? null;
  // One that the heal has ended had not been given up by then.
  const attempt: Attempt | null =
    first !== null && first.endMs > healedMs ? { ...first, endedBy: 'dependency' } : first;
  const gaveUp = reply.status === null && reply.endMs - reply.startMs >= lab.limits.patienceMs;
  return { attempt, callMs: gaveUp ? null : reply.endMs - reply.startMs, attempts: attempts.length };
}

/** Notes a limit; its value, or null where there is none or it is not known. */
function conclude(
  lab: Lab,
  seen: Hang | string | undefined,
  name: 'timeout.headersMs' | 'timeout.totalMs',
  experiment: string,
  of: (attempt: Attempt) => Ms,
): Ms | null {
  if (typeof seen !== 'object') {
    lab.dontKnow(name, seen ?? 'not tried');
    return null;
  }
  const { attempt } = seen;
  if (attempt === null) {
    lab.dontKnow(name, 'the call did not reach the link');
    return null;
  }
  if (attempt.endedBy !== 'target') {
    lab.know(name, null, { low: lab.limits.patienceMs, high: null, observations: 1, experiment });
    return null;
  }
  const ms = of(attempt);
  lab.know(name, ms, {
    low: ms - lab.errorMs - 2,
    high: ms + lab.errorMs,
    observations: seen.attempts,
    experiment,
  });
  return ms;
}

/** What the hang of an attempt means for who waits for the call. */
function caller(lab: Lab, { attempt, callMs, attempts }: Hang): void {
  const experiment = 'answers that never begin';
  if (callMs === null)
    lab.know('timeout.callMs', null, { low: lab.limits.patienceMs, high: null, observations: 1, experiment });
  else
    lab.know('timeout.callMs', callMs, {
      low: callMs - lab.errorMs - 2,
      high: callMs + lab.errorMs,
      observations: 1,
      experiment,
    });
  if (attempt === null) return;
  if (attempt.endedBy === 'target')
    lab.know('timeout.abortsUpstream', true, { observations: attempts, experiment });
  else if (callMs !== null && callMs < lab.limits.patienceMs)
    lab.know('timeout.abortsUpstream', false, { observations: attempts, experiment });
}

/** Silence inside an answer: a timer of its own, or the one for the whole attempt. */
function idle(lab: Lab, seen: Hang | string | undefined, totalMs: Ms | null): void {
  const experiment = 'answers that fall silent after the head';
  if (typeof seen !== 'object') {
    lab.dontKnow('timeout.idleMs', seen ?? 'not tried');
    return;
  }
  const { attempt } = seen;
  if (attempt === null || attempt.firstByteMs === null) {
    lab.dontKnow('timeout.idleMs', 'no answer began');
    return;
  }
  if (attempt.endedBy !== 'target') {
    lab.know('timeout.idleMs', null, { low: lab.limits.patienceMs, high: null, observations: 1, experiment });
    return;
  }
  const sinceStartMs = attempt.endMs - attempt.startMs;
  const sinceHeadMs = attempt.endMs - attempt.firstByteMs;
  if (totalMs !== null && Math.abs(sinceStartMs - totalMs) <= 2 * lab.errorMs + SAME_SHARE * totalMs) {
    lab.dontKnow('timeout.idleMs', `the limit of the whole attempt (${totalMs.toFixed(0)} ms) comes first`);
    return;
  }
  lab.know('timeout.idleMs', sinceHeadMs, {
    low: sinceHeadMs - lab.errorMs - 2,
    high: sinceHeadMs + lab.errorMs,
    observations: 1,
    experiment,
  });
}

/** A dial that nobody answers reaches no link: only the caller's wait tells of it, and only where there is one attempt. */
async function connection(lab: Lab, attemptMs: Ms | null): Promise<string> {
  // Connections that are open already would be used; a reset leaves none.
  if ((await lab.arm('rst')) === null) await lab.call();
  const why = await lab.arm('black-hole');
  if (why !== null) {
    lab.dontKnow('timeout.connectMs', why);
    return 'not tried';
  }
  const { reply } = await lab.call();
  await lab.bench.heal();
  await lab.restore();
  const waitedMs = reply.endMs - reply.startMs;
  const experiment = 'a dial that is never answered';
  if (reply.status === null && waitedMs >= lab.limits.patienceMs) {
    lab.know('timeout.connectMs', null, {
      low: lab.limits.patienceMs,
      high: null,
      observations: 1,
      experiment,
    });
    return 'none seen';
  }
  const plainMs = waitedMs - lab.healthyMs;
  // Where an attempt has the same limit as the call, there was one attempt, whatever limit it was.
  const isOneAttempt =
    lab.findings['retry.attempts']?.known === true && lab.findings['retry.attempts'].value === 1;
  if (!isOneAttempt) {
    lab.dontKnow(
      'timeout.connectMs',
      `attempts that are not connected do not show on the link; the call as a whole took ${waitedMs.toFixed(0)} ms`,
    );
    return 'not told';
  }
  if (plainMs < 5 * lab.healthyMs + 10 && attemptMs !== null && plainMs < attemptMs / 4) {
    lab.dontKnow('timeout.connectMs', 'the call was answered at once, so it may not have dialled');
    return 'not told';
  }
  lab.know('timeout.connectMs', plainMs, {
    low: plainMs - lab.errorMs - lab.healthyMs,
    high: waitedMs + lab.errorMs,
    observations: 1,
    experiment,
  });
  return `${plainMs.toFixed(0)} ms`;
}
