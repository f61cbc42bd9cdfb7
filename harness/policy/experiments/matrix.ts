/** The failure matrix: for each way to fail, is it tried again, does it count, and what does the caller get. */
import type { ShapeRow } from '../../model/measured.ts';
import type { Ms } from '../../model/time.ts';
import { ENDLESS, type Shape, UNSEEN } from '../bench.ts';
import { type Call, type Lab, median } from '../lab.ts';
import { gapsOf } from './retries.ts';

/** Values of "how it was served" that mean nothing was missing. */
const LIVE = 'live';

/** Calls that would take longer one after the other, as where Retry-After is obeyed, come side by side. */
const IN_TURN_MS_MAX: Ms = 2_500;

export interface MatrixOptions {
  /**
   * Failed calls that trip the breaker from where `restore` leaves it, by its reference shape; null: there is none;
   * unknown: whether there is one cannot be told.
   */
  tripCalls: number | null | 'unknown';
  counts: 'calls' | 'attempts' | null;
  /** False: nobody gives up on a hang, so shapes that hang are not repeated. */
  givesUp: boolean;
}

/** The rows in the order in which they are worth their time; none of them is known yet. */
export function openMatrix(lab: Lab): Shape[] {
  for (const shape of lab.ways.shapes)
    lab.matrix[shape] = { ...EMPTY, why: 'called off before it was tried' };
  // First those that tell more than their row: whether Retry-After is obeyed.
  return lab.ways.shapes.toSorted(
    (a, b) => Number(b.endsWith('retry-after')) - Number(a.endsWith('retry-after')),
  );
}

/** Fills in one row. @param isOver there is no time left for it @returns what the matrix comes to so far */
export async function matrixRow(
  lab: Lab,
  shape: Shape,
  options: MatrixOptions,
  isOver: boolean,
): Promise<string> {
  lab.matrix[shape] = isOver ? { ...EMPTY, why: 'the time was over' } : await row(lab, shape, options);
  const rows = Object.values(lab.matrix);
  return `${rows.filter(({ retried }) => retried === true).length} shapes are retried, ${rows.filter(({ counts }) => counts === true).length} count`;
}

const EMPTY: ShapeRow = { retried: null, attempts: null, counts: null, caller: null, status: null };

async function row(lab: Lab, shape: Shape, options: MatrixOptions): Promise<ShapeRow> {
  if (shape === 'rst' || shape === 'accept-then-fin') await lab.restore();
  const why = await lab.arm(shape);
  if (why !== null) return { ...EMPTY, why };
  const ask = (): Promise<Call> => (ENDLESS.has(shape) ? lab.endlessCall() : lab.call());
  const call = await ask();
  const isUnseen = UNSEEN.has(shape);
  let attempts = isUnseen ? null : call.attempts.length;
  let unsure: string | undefined;
  if (attempts !== null && attempts > lab.facts.attemptsOfFailure) {
    // More than usual: a dial that somebody has forgotten may have come through only now.
    await lab.restore();
    await lab.arm(shape);
    const again = (await ask()).attempts.length;
    if (again !== attempts) {
      unsure = `${attempts} attempts of one call, ${again} of another`;
      attempts = null;
    }
  }
  if (shape.endsWith('retry-after') && (attempts ?? 0) > 1) retryAfter(lab, call, shape);
  const found: ShapeRow = {
    retried: attempts === null ? null : attempts > 1,
    attempts,
    counts: null,
    caller: callerOf(call),
    status: call.reply.status,
    ...(isUnseen ? { why: 'attempts that are not connected do not show on the link' } : {}),
    ...(unsure === undefined ? {} : { why: unsure }),
  };
  if (attempts === 0) {
    await lab.restore();
    return { ...found, retried: null, why: 'the call did not reach the link' };
  }
  if (!isUnseen && call.attempts.every(({ ok }) => ok)) {
    await lab.restore();
    return { ...EMPTY, why: 'it did not act on anything that the call did' };
  }
  if (options.tripCalls === null) found.counts = false;
  else if (options.tripCalls === 'unknown') found.why ??= 'whether there is a breaker is not known';
  else if (ENDLESS.has(shape) && !options.givesUp)
    found.why = 'nobody gives up on it, so it was not repeated';
  else {
    const callMs = call.reply.endMs - call.reply.startMs;
    found.counts = await counts(lab, shape, options.tripCalls, attempts, callMs, options);
  }
  await lab.restore();
  return found;
}

/** Fails more calls, as many as trip it by the shape that is known to count, and looks whether calls still get through. */
async function counts(
  lab: Lab,
  shape: Shape,
  tripCalls: number,
  attempts: number | null,
  callMs: Ms,
  { counts: unit }: MatrixOptions,
): Promise<boolean | null> {
  // One that counts attempts, or may do so, needs more calls where a shape is not retried.
  const perCall = unit !== 'calls' ? lab.facts.attemptsOfFailure / Math.max(1, attempts ?? 1) : 1;
  const needed = Math.ceil(tripCalls * perCall) - 1;
  for (const more of [needed, needed + 2]) {
    if (ENDLESS.has(shape) || lab.facts.tripsAtOnceOnly || more * callMs > IN_TURN_MS_MAX)
      for (let left = more; left > 0; left -= lab.facts.room)
        await Promise.all(
          Array.from({ length: Math.min(left, lab.facts.room) }, () => lab.bench.ask(lab.facts.kind).reply),
        );
    else
      for (let i = 0; i < more; i++) {
        const next = await lab.call();
        if (next.attempts.length === 0 && !UNSEEN.has(shape)) return true;
      }
    await lab.bench.heal();
    const after = await lab.call();
    if (after.attempts.length === 0) return true;
    if ((await lab.arm(shape)) !== null) return null;
  }
  return false;
}

function callerOf({ reply }: Call): ShapeRow['caller'] {
  if (reply.status === null) return 'nothing';
  if (!reply.ok) return 'error';
  return reply.servedBy === null || reply.servedBy === LIVE ? 'ok' : 'fallback';
}

function retryAfter(lab: Lab, call: Call, shape: Shape): void {
  if (lab.findings['retry.retryAfter'] !== undefined) return;
  const gaps = gapsOf(call);
  const plain = lab.findings['retry.baseMs'];
  const [first = 0] = gaps;
  const experiment = `${shape}: Retry-After of 1 s`;
  const evidence = { observations: gaps.length, experiment };
  if (plain?.known === true && typeof plain.value === 'number' && plain.value > 900) {
    lab.dontKnow('retry.retryAfter', 'it waits as long without being asked');
  } else if (gaps.every((gap) => gap >= 995 - lab.facts.errorMs))
    lab.know('retry.retryAfter', true, evidence);
  else if (first < 900) lab.know('retry.retryAfter', false, evidence);
  else lab.dontKnow('retry.retryAfter', `it waited ${median(gaps).toFixed(0)} ms`);
}
