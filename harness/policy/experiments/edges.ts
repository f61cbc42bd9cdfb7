/** What is around a breaker: bulkhead, fallback, scope, and what becomes of an attempt whose caller has gone. */
import { isSaturated, type Lab, median } from '../lab.ts';
import { type Trip, tripAgain } from './trip.ts';
import { GOOD } from './unit.ts';

const LIVE = 'live';
const PATIENCE_SHARE = 0.5;
const HOLD_MS_MAX = 2_000;
/** Of calls at once, until the largest number that was let through has been seen twice. */
const BURSTS_MAX = 5;

const ANSWER_TRIES = 3;

/** The most that came at once came so twice. */
function isConfirmed(counts: readonly number[]): boolean {
  const most = Math.max(...counts);
  return counts.filter((count) => count === most).length > 1;
}

/** Holds all answers and sends many calls: attempts at once saturate where there is a limit. */
export async function bulkhead(lab: Lab, patienceMs: number | null): Promise<string> {
  const experiment = 'many calls at once, answers held';
  const size = lab.limits.burstMax;
  if ((await lab.arm('held')) !== null) return 'not possible';
  const settleMsMax = Math.min(HOLD_MS_MAX, (patienceMs ?? Number.POSITIVE_INFINITY) * PATIENCE_SHARE);
  let settleMs = Math.min(lab.settleMs + 2 * size, settleMsMax);
  let burst = await lab.burst(size, settleMs);
  // Attempts that still came when they were let go: it was the target that was slow, not a limit.
  while (burst.held.length < size && !isSaturated(burst.held, burst.letGoMs, settleMs)) {
    await lab.restore();
    if (settleMs >= settleMsMax) {
      lab.dontKnow('bulkhead.concurrent', `${size} calls at once came too slowly to tell a limit`);
      return 'too slow to tell';
    }
    settleMs = Math.min(2 * settleMs, settleMsMax);
    await lab.arm('held');
    burst = await lab.burst(size, settleMs);
  }
  await lab.restore();
  // A machine that stalls for a moment keeps attempts away as a limit does, but not twice the same number.
  const counts = [burst.held.length];
  while (burst.held.length < size && !isConfirmed(counts) && counts.length < BURSTS_MAX) {
    await lab.arm('held');
    const again = await lab.burst(size, settleMs);
    await lab.restore();
    counts.push(again.held.length);
    if (again.held.length > burst.held.length) burst = again;
  }
  const { calls, held, later, letGoMs } = burst;
  if (held.length < size && !isConfirmed(counts)) {
    lab.dontKnow(
      'bulkhead.concurrent',
      `of ${size} calls at once ${counts.join(', then ')} reached the link`,
    );
    return 'another number each time';
  }
  const says = `of ${size} calls at once ${held.length} reached the link while answers were held, ${later.length} after`;
  const evidence = { observations: size, experiment };
  if (held.length === 0) {
    lab.dontKnow('bulkhead.concurrent', `${says}: too slow to tell`);
    return says;
  }
  if (held.length >= size) {
    lab.know('bulkhead.concurrent', null, { low: size, high: null, ...evidence });
    lab.dontKnow('bulkhead.queue', `${size} calls at once were all let through`);
    return says;
  }
  const refused = calls.filter(({ endMs, ok }) => endMs <= letGoMs && !ok).length;
  const degraded = calls.filter(({ endMs, ok }) => endMs <= letGoMs && ok).length;
  lab.know('bulkhead.concurrent', held.length, { low: held.length, high: held.length, ...evidence });
  if (refused + degraded > 0) {
    const queue = size - held.length - refused - degraded;
    lab.know('bulkhead.queue', queue, { low: queue, high: queue, ...evidence });
  } else
    lab.dontKnow('bulkhead.queue', `at least ${size - held.length}: none of ${size} calls was turned away`);
  return says;
}

/** While the breaker is open: what is answered, to a request that was answered before and to a new one. */
export async function fallback(lab: Lab, shape: Trip['shape']): Promise<string> {
  const experiment = 'calls while the breaker is open';
  const key = `known-${lab.bench.askedCount}`;
  if (!(await isAnswered(lab, key))) {
    lab.dontKnow('fallback.kind', 'no request could be answered beforehand');
    return 'no request could be answered beforehand';
  }
  const tripped = await tripAgain(lab, shape);
  if (tripped === null) {
    lab.dontKnow('fallback.kind', 'it could not be tripped again');
    return 'it could not be tripped again';
  }
  // Both at once: where rejected calls are tried again, one after the other they may outlast the open time.
  const [again, fresh] = await Promise.all([lab.call(key), lab.call()]);
  await scope(lab);
  await lab.restore(GOOD);
  const served = (call: typeof again): string | null =>
    call.reply.ok ? (call.reply.servedBy ?? 'unmarked') : null;
  const [known, unknown] = [served(again), served(fresh)];
  const evidence = { observations: 2, experiment };
  const stillOpen = again.attempts.length === 0 && fresh.attempts.length === 0;
  if (!stillOpen) {
    lab.dontKnow('fallback.kind', 'it had closed again before it was asked');
    return 'it had closed again';
  }
  const says = `a request answered before: ${known ?? `status ${again.reply.status}`}; a new one: ${unknown ?? `status ${fresh.reply.status}`}`;
  lab.know('fallback.kind', known === null && unknown === null ? 'none' : (unknown ?? known), evidence);
  if (known !== null || unknown !== null) {
    const marks = [again, fresh].filter(({ reply }) => reply.ok).map(({ reply }) => reply.servedBy);
    lab.know(
      'fallback.marked',
      marks.every((mark) => mark !== null && mark !== LIVE),
      evidence,
    );
  }
  return says;
}

/** Has a request answered, whose answer may be kept: some breakers that have closed trip again at the first good call. */
async function isAnswered(lab: Lab, key: string): Promise<boolean> {
  for (let tries = 0; tries < ANSWER_TRIES; tries++) {
    const { attempts } = await lab.call(key);
    if (attempts.at(-1)?.ok === true) return true;
    await lab.restore(GOOD);
  }
  return false;
}

/** With the breaker open for one kind of request: do others get through? */
async function scope(lab: Lab): Promise<void> {
  const others = lab.bench.kinds.filter((kind) => kind !== lab.facts.kind);
  if (others.length === 0) {
    lab.dontKnow('breaker.scope', 'one kind of request uses this link');
    return;
  }
  const reached: string[] = [];
  for (const kind of others) {
    const fromMs = lab.bench.now();
    await lab.bench.ask(kind).reply;
    if ((await lab.since(fromMs)).length > 0) reached.push(kind);
  }
  const evidence = {
    observations: others.length,
    experiment: 'other kinds of request while the breaker is open',
  };
  if (reached.length === 0) lab.know('breaker.scope', 'link', evidence);
  else if (reached.length === others.length) lab.know('breaker.scope', 'request kind', evidence);
  else lab.dontKnow('breaker.scope', `${reached.join(', ')} got through, others did not`);
}

/** The caller hangs up while the dependency hangs: does the attempt end? */
export async function abandonment(lab: Lab, patienceMs: number | null): Promise<string> {
  const experiment = 'a caller that hangs up';
  if ((await lab.arm('slow-headers')) !== null) return 'not possible';
  const waitMs = Math.min(100, (patienceMs ?? 400) / 4);
  const fromMs = lab.bench.now();
  const asked = lab.bench.ask(lab.facts.kind);
  await lab.bench.wait(waitMs);
  asked.abandon();
  await asked.reply;
  await lab.bench.wait(waitMs);
  const healedMs = lab.bench.now();
  await lab.bench.heal();
  await lab.bench.wait(waitMs);
  const all = await lab.since(fromMs);
  await lab.restore();
  const ended = all.filter(({ endedBy, endMs }) => endedBy === 'target' && endMs <= healedMs);
  if (all.length === 0) lab.dontKnow('timeout.abortsForCaller', 'the call did not reach the link');
  else lab.know('timeout.abortsForCaller', ended.length > 0, { observations: all.length, experiment });
  return ended.length > 0
    ? `the attempt ended ${median(ended.map(({ endMs, startMs }) => endMs - startMs)).toFixed(0)} ms after it began`
    : 'the attempt ran on';
}
