/** The failure matrix: for each way to fail, is it tried again, does it count, and what does the caller get. */
import type { ShapeRow } from '../../model/measured.ts';
import { ENDLESS, SHAPES, type Shape, UNSEEN } from '../bench.ts';
import { type Call, type Lab, median } from '../lab.ts';
import { gapsOf } from './retries.ts';

/** Values of "how it was served" that mean nothing was missing. */
const LIVE = 'live';

export interface MatrixOptions {
  /** Failed calls that trip the breaker from where `restore` leaves it, by its reference shape; null: there is none. */
  tripCalls: number | null;
  counts: 'calls' | 'attempts' | null;
  /** False: nobody gives up on a hang, so shapes that hang are not repeated. */
  givesUp: boolean;
}

export async function matrix(lab: Lab, options: MatrixOptions, isOver: () => boolean): Promise<string> {
  for (const shape of SHAPES) lab.matrix[shape] = { ...EMPTY, why: 'the time was over' };
  for (const [i, shape] of ORDER.entries()) {
    // The first is worth being late for: no other experiment tells of Retry-After.
    if (i > 0 && isOver()) break;
    lab.matrix[shape] = await row(lab, shape, options);
  }
  const rows = Object.values(lab.matrix);
  return `${rows.filter(({ retried }) => retried === true).length} shapes are retried, ${rows.filter(({ counts }) => counts === true).length} count`;
}

/** First those that tell more than their row: whether Retry-After is obeyed. */
const ORDER = SHAPES.toSorted(
  (a, b) => Number(b.endsWith('retry-after')) - Number(a.endsWith('retry-after')),
);

const EMPTY: ShapeRow = { retried: null, attempts: null, counts: null, caller: null, status: null };

async function row(lab: Lab, shape: Shape, options: MatrixOptions): Promise<ShapeRow> {
  if (shape === 'rst' || shape === 'accept-then-fin') await lab.restore();
  const why = await lab.arm(shape);
  if (why !== null) return { ...EMPTY, why };
  const call = ENDLESS.has(shape) ? await lab.endlessCall() : await lab.call();
  const isUnseen = UNSEEN.has(shape);
  const attempts = isUnseen ? null : call.attempts.length;
  if (shape.endsWith('retry-after') && (attempts ?? 0) > 1) retryAfter(lab, call, shape);
  const found: ShapeRow = {
    retried: attempts === null ? null : attempts > 1,
    attempts,
    counts: null,
    caller: callerOf(call),
    status: call.reply.status,
    ...(isUnseen ? { why: 'attempts that are not connected do not show on the link' } : {}),
  };
  if (attempts === 0) {
    await lab.restore();
    return { ...found, retried: null, why: 'the call did not reach the link' };
  }
  if (options.tripCalls === null) found.counts = false;
  else if (ENDLESS.has(shape) && !options.givesUp)
    found.why = 'nobody gives up on it, so it was not repeated';
  else found.counts = await counts(lab, shape, options.tripCalls, attempts, options);
  await lab.restore();
  return found;
}

/** Fails more calls, as many as trip it by the shape that is known to count, and looks whether calls still get through. */
async function counts(
  lab: Lab,
  shape: Shape,
  tripCalls: number,
  attempts: number | null,
  { counts: unit }: MatrixOptions,
): Promise<boolean | null> {
  // One that counts attempts needs more calls where a shape is not retried.
  const perCall = unit === 'attempts' ? lab.attemptsOfFailure / Math.max(1, attempts ?? 1) : 1;
  const needed = Math.ceil(tripCalls * perCall) - 1;
  for (const more of [needed, needed + 2]) {
    if (ENDLESS.has(shape))
      await Promise.all(Array.from({ length: more }, () => lab.bench.ask(lab.kind).reply));
    else
      for (let i = 0; i < more; i++) {
        const call = await lab.call();
        if (call.attempts.length === 0 && !UNSEEN.has(shape)) return true;
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
  } else if (gaps.every((gap) => gap >= 995 - lab.errorMs)) lab.know('retry.retryAfter', true, evidence);
  else if (first < 900) lab.know('retry.retryAfter', false, evidence);
  else lab.dontKnow('retry.retryAfter', `it waited ${median(gaps).toFixed(0)} ms`);
}
