/** The failure matrix: for each way to fail, is it tried again, does it count, and what does the caller get. */
import type { ShapeRow } from '../../model/measured.ts';
import type { Ms } from '../../model/time.ts';
import { ENDLESS, type Shape, UNSEEN } from '../bench.ts';
import { type Lab, median } from '../lab.ts';
import type { Call } from '../notebook.ts';
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
}

/** The rows in the order in which they are worth their time; none of them is known yet. */
export function openMatrix(lab: Lab): Shape[] {
  for (const shape of lab.ways.shapes) lab.matrix[shape] = { ...EMPTY, why: UNTRIED };
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
  lab.matrix[shape] = isOver ? { ...EMPTY, why: OVER } : await row(lab, shape, options);
  const rows = Object.values(lab.matrix);
  return `${rows.filter(({ retried }) => retried === true).length} shapes are retried, ${rows.filter(({ counts }) => counts === true).length} count`;
}

/** Whether it has not been this row's turn yet. */
export function isUntried(lab: Lab, shape: Shape): boolean {
  return lab.matrix[shape]?.why === UNTRIED;
}

/**
 * Rows that may show retries which the reference shape does not: quick ones, until one is tried again and does not
 * count, the rare ways to fail first, which are counted less often.
 * @param isOver there is no time left for more
 */
export async function rowsThatShowRetries(
  lab: Lab,
  reference: Shape,
  options: MatrixOptions,
  isOver: () => boolean,
): Promise<string> {
  const quick = lab.ways.shapes.filter(
    (shape) =>
      shape !== reference && !ENDLESS.has(shape) && !UNSEEN.has(shape) && !shape.endsWith('retry-after'),
  );
  let says = 'no row was begun';
  for (const shape of quick.toReversed()) {
    if (isOver()) break;
    says = await matrixRow(lab, shape, options, false);
    if (lab.matrix[shape]?.retried === true && lab.matrix[shape].counts === false) break;
  }
  return says;
}

/** Whether there was no time for a row so far. */
export function isLeft(lab: Lab, shape: Shape): boolean {
  return lab.matrix[shape]?.why === OVER;
}

const UNTRIED = 'called off before it was tried';
const OVER = 'the time was over';
const EMPTY: ShapeRow = { retried: null, attempts: null, counts: null, caller: null, status: null };

async function row(lab: Lab, shape: Shape, options: MatrixOptions): Promise<ShapeRow> {
  const ask = async (): Promise<Call | string> => {
    if (shape === 'rst' || shape === 'accept-then-fin') await lab.restore();
    return (await lab.arm(shape)) ?? (ENDLESS.has(shape) ? lab.endlessCall() : lab.call());
  };
  const earlier = lab.facts.endless[shape];
  const call = earlier ?? (await ask());
  if (typeof call === 'string') return { ...EMPTY, why: call };
  /** Calls that have just failed, the last of all. */
  let failed = earlier === undefined ? 1 : 0;
  const isUnseen = UNSEEN.has(shape);
  let attempts = isUnseen ? null : call.attempts.length;
  let unsure: string | undefined;
  if (attempts !== null && attempts > lab.facts.attemptsOfFailure) {
    // More than usual: a dial that somebody has forgotten may have come through only now.
    await lab.restore();
    const again = await ask();
    failed = 1;
    if (typeof again !== 'string' && again.attempts.length !== attempts) {
      unsure = `${attempts} attempts of one call, ${again.attempts.length} of another`;
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
  else if (ENDLESS.has(shape) && isWaitedFor(lab, call))
    found.why = 'nobody gives up on it, so it was not repeated';
  else {
    if (failed === 0) await lab.arm(shape);
    const callMs = call.reply.endMs - call.reply.startMs;
    found.counts = await counts(lab, shape, options.tripCalls, attempts, callMs, options, failed);
  }
  await lab.restore();
  return found;
}

/** Whether nobody gave up on it before we did. */
function isWaitedFor(lab: Lab, { reply: { status, startMs, endMs } }: Call): boolean {
  return status === null && endMs - startMs >= lab.limits.patienceMs;
}

/**
 * Fails more calls, as many as trip it by the shape that is known to count, and looks whether calls still get through.
 * @param failed calls that have just failed so
 */
async function counts(
  lab: Lab,
  shape: Shape,
  tripCalls: number,
  attempts: number | null,
  callMs: Ms,
  { counts: unit }: MatrixOptions,
  failed: number,
): Promise<boolean | null> {
  // One that counts attempts, or may do so, needs more calls where a shape is not retried.
  const perCall = unit !== 'calls' ? lab.facts.attemptsOfFailure / Math.max(1, attempts ?? 1) : 1;
  const needed = Math.ceil(tripCalls * perCall) - failed;
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
