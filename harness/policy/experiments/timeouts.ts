/**
 * How long an attempt is waited for: at the connection, before the head, inside a silent body, inside a body
 * that never stops. Who ended the exchange, and when, is read from the link; the caller's wait is another number.
 */
import type { Ms } from '../../model/time.ts';
import type { Attempt } from '../bench.ts';
import type { Lab } from '../lab.ts';

/** Two limits this near to each other are one timer. */
const SAME_SHARE = 0.06;
const HANGS = ['slow-headers', 'stalled-stream', 'drip'] as const;
type HangKind = (typeof HANGS)[number];

/** Hangs of a kind, where somebody gives up on them: timers fire late, never early, and one may be very late. */
const REPEATS = 3;
const REPEATS_MIN = 2;
/** Of them, those whose caller is waited for. */
const CALLER_REPEATS = 2;
/** How long an attempt is looked at that should be given up: somewhat longer than others were. */
const LOOK_FACTOR = 1.2;
const LOOK_MS: Ms = 80;

interface Hang {
  /** First attempt; null: none was over when it was healed. */
  attempt: Attempt | null;
  /** The caller's wait; null: it was never answered; undefined: it was healed before. */
  callMs: Ms | null | undefined;
  attempts: number;
  /** For how long an attempt could be seen to be alive. */
  lookedMs: Ms;
}

/** @param repeatsMs hangs are not repeated later than this */
export function timeouts(lab: Lab, repeatsMs: Ms): Promise<string> {
  return lab.inFog(() => measure(lab, lab.bench.now() + repeatsMs));
}

async function measure(lab: Lab, untilMs: Ms): Promise<string> {
  const seen: Partial<Record<HangKind, Hang[] | string>> = {};
  for (const condition of HANGS)
    seen[condition] = await hangs(lab, condition, lengthsOf(seen['slow-headers']), untilMs);
  const head = conclude(lab, seen['slow-headers'], 'timeout.headersMs', 'answers that never begin');
  const slow = seen['slow-headers'];
  if (typeof slow === 'object') caller(lab, slow);
  const total = conclude(
    lab,
    seen.drip,
    'timeout.totalMs',
    'a body that never stops coming',
    lengthsOf(slow),
  );
  idle(lab, seen['stalled-stream'], total);
  const connect = await connection(lab, head ?? total);
  return `head ${text(head)}, total ${text(total)}, connection ${connect}`;
}

function text(ms: Ms | null): string {
  return ms === null ? 'none seen' : `${ms.toFixed(0)} ms`;
}

/** How long attempts that were given up had lasted. */
function lengthsOf(seen: readonly Hang[] | string | undefined): Ms[] {
  return typeof seen === 'object' ? givenUp(seen).map(({ startMs, endMs }) => endMs - startMs) : [];
}

/** Whether a time is one more of these, by one timer. */
function isSameTimer(lab: Lab, ms: Ms, others: readonly Ms[]): boolean {
  const least = Math.min(...others);
  return others.length > 0 && Math.abs(ms - least) <= 2 * lab.facts.errorMs + SAME_SHARE * least;
}

/**
 * Repeated as long as it is given up, unless it shows a timer of which there are times already. Once a time is known
 * it is looked at for little longer: a call that is tried again hangs for several times as long.
 */
async function hangs(
  lab: Lab,
  condition: HangKind,
  known: readonly Ms[],
  untilMs: Ms,
): Promise<Hang[] | string> {
  const seen: Hang[] = [];
  do {
    const times = [...lengthsOf(seen), ...known];
    const isForCaller =
      condition === 'slow-headers' && seen.length < (lab.bench.now() < untilMs ? CALLER_REPEATS : 1);
    const lookMs = times.length === 0 || isForCaller ? undefined : LOOK_FACTOR * Math.min(...times) + LOOK_MS;
    let one = await hang(lab, condition, lookMs);
    // Not given up by then: it is another timer, or none.
    if (typeof one !== 'string' && lookMs !== undefined && one.attempt?.endedBy !== 'target')
      one = await hang(lab, condition);
    if (typeof one === 'string') return one;
    seen.push(one);
    if (lengthsOf(seen).some((ms) => isSameTimer(lab, ms, known))) break;
  } while (
    (seen.length < REPEATS_MIN || (seen.length < REPEATS && lab.bench.now() < untilMs)) &&
    seen.at(-1)?.attempt?.endedBy === 'target'
  );
  return seen;
}

/** Times of something that is late at times, never early: at least the rig's error below the least, and as far as they differ. */
function limitOf(times: readonly Ms[], errorMs: Ms): { ms: Ms; low: Ms; high: Ms } {
  const ms = Math.min(...times);
  const spreadMs = Math.max(...times) - ms;
  return { ms, low: ms - Math.max(errorMs + 2, spreadMs), high: ms + errorMs };
}

/** Those of the attempts that the target gave up; empty: it did not. */
function givenUp(seen: readonly Hang[]): Attempt[] {
  return seen.flatMap(({ attempt }) => (attempt?.endedBy === 'target' ? [attempt] : []));
}

/** One call that meets a hang; what it takes until everybody has given up, or we do, or have looked long enough. */
async function hang(lab: Lab, condition: HangKind, lookMs?: Ms): Promise<Hang | string> {
  const why = await lab.arm(condition);
  if (why !== null) return why;
  const { reply, attempts, healedMs } = await lab.endlessCall(lookMs);
  await lab.restore();
  if (condition !== 'drip' && lookMs === undefined) lab.facts.endless[condition] ??= { reply, attempts };
  const first = attempts[0] ?? null;
  // One that the heal has ended had not been given up by then.
  const attempt: Attempt | null =
    first !== null && first.endMs > healedMs ? { ...first, endedBy: 'dependency' } : first;
  const gaveUp = reply.status === null && reply.endMs - reply.startMs >= lab.limits.patienceMs;
  return {
    attempt,
    callMs: lookMs !== undefined ? undefined : gaveUp ? null : reply.endMs - reply.startMs,
    attempts: attempts.length,
    lookedMs: healedMs - (first?.startMs ?? reply.startMs),
  };
}

/** Notes a limit; its value, or null where there is none or it is not known. */
function conclude(
  lab: Lab,
  seen: readonly Hang[] | string | undefined,
  name: 'timeout.headersMs' | 'timeout.totalMs',
  experiment: string,
  others: readonly Ms[] = [],
): Ms | null {
  const ended = ending(lab, seen, name, experiment);
  if (ended === null) return null;
  const own = ended.map(({ startMs, endMs }) => endMs - startMs);
  const times = own.every((one) => isSameTimer(lab, one, others)) ? [...own, ...others] : own;
  const { ms, low, high } = limitOf(times, lab.facts.errorMs);
  // Where a connection was made first, nobody knows whether the limit began with it or with the request.
  const leadMs = Math.max(...ended.map(({ startMs, sentMs = startMs }) => sentMs - startMs));
  lab.know(name, ms, { low: low - leadMs, high, observations: ended.length, experiment });
  return ms;
}

/** Attempts that were given up; null: there were none, which is noted. */
function ending(
  lab: Lab,
  seen: readonly Hang[] | string | undefined,
  name: 'timeout.headersMs' | 'timeout.totalMs' | 'timeout.idleMs',
  experiment: string,
): Attempt[] | null {
  if (typeof seen !== 'object') {
    lab.dontKnow(name, seen ?? 'not tried');
    return null;
  }
  const ended = givenUp(seen);
  const [first] = seen;
  if (ended.length > 0 && ended.length === seen.length) return ended;
  if (ended.length > 0) lab.dontKnow(name, `${ended.length} of ${seen.length} attempts were given up`);
  else if (first?.attempt === null && first.callMs !== null)
    lab.dontKnow(name, 'no attempt was over when the caller had its answer');
  // Where neither attempt nor call was over at the end of patience, it was alive all the time.
  else
    lab.know(name, null, {
      low: Math.min(lab.limits.patienceMs, first?.lookedMs ?? 0),
      high: null,
      observations: seen.length,
      experiment,
    });
  return null;
}

/** What the hang of an attempt means for who waits for the call. */
function caller(lab: Lab, seen: readonly Hang[]): void {
  const experiment = 'answers that never begin';
  const observations = seen.length;
  const looked = seen.flatMap(({ callMs }) => (callMs === undefined ? [] : [callMs]));
  const waits = looked.filter((callMs) => callMs !== null);
  if (waits.length < looked.length)
    lab.know('timeout.callMs', null, {
      low: lab.limits.patienceMs,
      high: null,
      observations: looked.length,
      experiment,
    });
  else {
    const { ms, low, high } = limitOf(waits, lab.facts.errorMs);
    // Jitter between attempts makes it another one each time: no single number is claimed.
    lab.know('timeout.callMs', ms, {
      low,
      high: Math.max(high, ...waits),
      observations: waits.length,
      experiment,
    });
  }
  const [first] = seen;
  if (first?.attempt == null) return;
  const attempts = seen.reduce((sum, one) => sum + one.attempts, 0);
  if (givenUp(seen).length === observations)
    lab.know('timeout.abortsUpstream', true, { observations: attempts, experiment });
  else if (givenUp(seen).length === 0 && first.callMs != null && first.callMs < lab.limits.patienceMs)
    lab.know('timeout.abortsUpstream', false, { observations: attempts, experiment });
  else lab.dontKnow('timeout.abortsUpstream', 'some attempts ended with their call, others ran on');
}

/** Silence inside an answer: a timer of its own, or the one for the whole attempt. */
function idle(lab: Lab, seen: readonly Hang[] | string | undefined, totalMs: Ms | null): void {
  const experiment = 'answers that fall silent after the head';
  const ended = ending(lab, seen, 'timeout.idleMs', experiment);
  if (ended === null) return;
  const times = ended.flatMap(({ endMs, firstByteMs }) =>
    firstByteMs === null ? [] : [endMs - firstByteMs],
  );
  if (times.length < ended.length) {
    lab.dontKnow('timeout.idleMs', 'no answer began');
    return;
  }
  const sinceStart = limitOf(
    ended.map(({ startMs, endMs }) => endMs - startMs),
    lab.facts.errorMs,
  );
  const isTotal =
    totalMs !== null && Math.abs(sinceStart.ms - totalMs) <= 2 * lab.facts.errorMs + SAME_SHARE * totalMs;
  if (isTotal) {
    lab.dontKnow('timeout.idleMs', `the limit of the whole attempt (${totalMs.toFixed(0)} ms) comes first`);
    return;
  }
  const { ms, low, high } = limitOf(times, lab.facts.errorMs);
  lab.know('timeout.idleMs', ms, { low, high, observations: times.length, experiment });
}

/** A dial that nobody answers reaches no link: only the caller's wait tells of it, and only where there is one attempt. */
async function connection(lab: Lab, attemptMs: Ms | null): Promise<string> {
  // Connections that are open already would be used.
  if ((await lab.arm(lab.ways.parting)) === null) await lab.call();
  const why = await lab.arm('black-hole');
  if (why !== null) {
    lab.dontKnow('timeout.connectMs', why);
    return 'not tried';
  }
  const call = await lab.call();
  await lab.bench.heal();
  await lab.restore();
  lab.facts.endless['black-hole'] ??= call;
  const { reply } = call;
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
  const plainMs = waitedMs - lab.facts.healthyMs;
  const callMs = lab.findings['timeout.callMs'];
  const aborts = lab.findings['timeout.abortsUpstream'];
  // A caller that is answered while its attempts run on says nothing of how long they dial.
  if (aborts?.known === true && aborts.value === false && callMs?.known === true && callMs.value !== null) {
    lab.dontKnow(
      'timeout.connectMs',
      `the caller is answered after ${waitedMs.toFixed(0)} ms, whatever becomes of the dial`,
    );
    return 'not told';
  }
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
  if (plainMs < 5 * lab.facts.healthyMs + 10 && attemptMs !== null && plainMs < attemptMs / 4) {
    lab.dontKnow('timeout.connectMs', 'the call was answered at once, so it may not have dialled');
    return 'not told';
  }
  lab.know('timeout.connectMs', plainMs, {
    low: plainMs - lab.facts.errorMs - lab.facts.healthyMs,
    high: waitedMs + lab.facts.errorMs,
    observations: 1,
    experiment,
  });
  return `${plainMs.toFixed(0)} ms`;
}
