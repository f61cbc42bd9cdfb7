/** Failures in a row until silence: is there a breaker, and how many does it take from a clean state. */
import type { Ms } from '../../model/time.ts';
import type { Shape } from '../bench.ts';
import { type Lab, median } from '../lab.ts';
import type { Call } from '../notebook.ts';

/** Calls that fail slowly are looked at in turn for so long, before they come all at once to see whether anything trips. */
const IN_TURN_MS_MAX: Ms = 8_000;
/** The same for other shapes: a breaker that counts none of the first is rare. */
const LATER_IN_TURN_MS_MAX: Ms = 2_500;
/** And for so long when it is known that something does. */
const FROM_CLEAN_MS_MAX: Ms = 15_000;

/** A second trip in turn is not waited for longer than a few times what the first one took. */
const AGAIN_FACTOR = 4;
const AGAIN_MS_MIN: Ms = 2_000;
/** Calls that fail slower than this are better sent at once than waited for. */
const SLOW_MS: Ms = 100;

/** Calls that fail within this share of the time of others can come so much faster. */
const QUICKER_SHARE = 0.3;

/** Longer than the windows of calls that are looked for. */
export const FORGOTTEN_CALLS = 100;

export interface Trip {
  shape: Shape;
  /** Calls that reached the link, the last of which tripped it; none: it took many at once. */
  calls: Call[];
  /** End of the last attempt before the silence. */
  anchorMs: number;
  /** It may have tripped earlier by as much: of calls at once nobody knows which one it was. */
  earlierMs: number;
  /** The first call that did not reach it. */
  silent: Call;
}

/**
 * Trips it again, whatever it has counted meanwhile: where failures do not outweigh what was good, what was good
 * is given time to be forgotten, and where they come too slowly, they come at once. Null: not even so.
 */
export async function tripAgain(lab: Lab, shape: Shape): Promise<Trip | null> {
  const limitMs = Math.max(AGAIN_MS_MIN, AGAIN_FACTOR * lab.facts.tripMs);
  const inTurn = async (): Promise<Trip | null> =>
    lab.facts.tripsAtOnceOnly ? null : (await fail(lab, shape, 2 * lab.limits.callsMax, limitMs)).tripped;
  const isSlow = lab.facts.tripsAtOnceOnly || lab.facts.failureMs > SLOW_MS;
  const tripped = (await inTurn()) ?? (isSlow ? await tripAtOnce(lab, shape) : null);
  if (tripped !== null) return tripped;
  if (lab.bench.now() + lab.limits.pauseMsMax > lab.facts.untilMs) return null;
  await lab.bench.wait(lab.limits.pauseMsMax);
  return (await inTurn()) ?? (await tripAtOnce(lab, shape));
}

/** Fails calls until one does not reach the link any more, or for so long. Leaves the failure armed. */
async function fail(
  lab: Lab,
  shape: Shape,
  callsMax: number,
  limitMs: Ms = Number.POSITIVE_INFINITY,
): Promise<{ tripped: Trip | null; calls: Call[] }> {
  const calls: Call[] = [];
  if ((await lab.arm(shape)) !== null) return { tripped: null, calls };
  const untilMs = lab.bench.now() + limitMs;
  while (calls.length < callsMax && lab.bench.now() < untilMs) {
    const call = await lab.call();
    if (call.attempts.length === 0) {
      const anchorMs = calls.at(-1)?.attempts.at(-1)?.endMs;
      return {
        tripped: anchorMs === undefined ? null : { shape, calls, anchorMs, earlierMs: 0, silent: call },
        calls,
      };
    }
    calls.push(call);
  }
  return { tripped: null, calls };
}

/** Calls that take long may come too slowly for a window of time: they come all at once. */
async function tripAtOnce(lab: Lab, shape: Shape): Promise<Trip | null> {
  if ((await lab.arm(shape)) !== null) return null;
  const fromMs = lab.bench.now();
  await lab.inFog(async () => {
    await Promise.all(Array.from({ length: lab.limits.burstMax }, () => lab.bench.ask(lab.facts.kind).reply));
  });
  const attempts = await lab.since(fromMs);
  const silent = await lab.call();
  if (silent.attempts.length > 0 || attempts.length === 0) return null;
  const ends = attempts.map(({ endMs }) => endMs);
  const anchorMs = Math.max(...ends);
  return { shape, calls: [], anchorMs, earlierMs: anchorMs - Math.min(...ends), silent };
}

export interface FirstTrip {
  tripped: Trip | null;
  /** Failed calls of each shape that were tried, for what they show of retries. */
  failed: { shape: Shape; calls: Call[] }[];
}

export async function firstTrip(lab: Lab): Promise<FirstTrip & { says: string }> {
  const failed: FirstTrip['failed'] = [];
  for (const shape of lab.ways.counted) {
    const before = failed.length;
    const inTurnMs = shape === lab.ways.counted[0] ? IN_TURN_MS_MAX : LATER_IN_TURN_MS_MAX;
    let { tripped, calls } = await fail(lab, shape, lab.limits.callsMax, inTurnMs);
    const isCut = tripped === null && calls.length > 0 && calls.length < lab.limits.callsMax;
    let tripping: Shape = shape;
    // What failed otherwise before, or at once, may have been counted: once more, from clean.
    if (tripped !== null ? before > 0 : isCut && (await tripAtOnce(lab, shape)) !== null) {
      if (tripped === null) {
        failed.push({ shape, calls });
        tripping = (await quickerThan(lab, shape, lengthOf(calls))) ?? shape;
      }
      await forgotten(lab);
      ({ tripped, calls } = await fail(lab, tripping, lab.limits.callsMax, FROM_CLEAN_MS_MAX));
    }
    if (calls.length > 0) failed.push({ shape: tripping, calls });
    if (tripped !== null) {
      lab.facts.failureMs = lengthOf(calls);
      lab.facts.tripMs = (calls.at(-1)?.reply.endMs ?? 0) - (calls[0]?.reply.startMs ?? 0);
      const attempts = calls.reduce((sum, call) => sum + call.attempts.length, 0);
      const says = `${tripping}: silence after ${calls.length} failed calls, ${attempts} attempts`;
      return { tripped, failed, says };
    }
    const atOnce = await tripAtOnce(lab, shape);
    if (atOnce !== null) {
      lab.facts.tripsAtOnceOnly = true;
      const says = `${shape}: silence after ${lab.limits.burstMax} failed calls at once, not after as many in turn`;
      return { tripped: atOnce, failed, says };
    }
    await lab.restore();
  }
  const says = `${lab.limits.callsMax} failed calls of each shape all reached the link`;
  return { tripped: null, failed, says };
}

/** How long calls took; ms. */
function lengthOf(calls: readonly Call[]): Ms {
  return median(calls.map(({ reply }) => reply.endMs - reply.startMs));
}

/** Of the other ways to fail that are counted if anything is: one whose calls fail faster, and trip it in turn. Leaves it closed. */
async function quickerThan(lab: Lab, slow: Shape, lengthMs: Ms): Promise<Shape | null> {
  for (const shape of lab.ways.counted) {
    if (shape === slow) continue;
    await lab.restore();
    if ((await lab.arm(shape)) !== null) continue;
    const { reply } = await lab.call();
    if (reply.endMs - reply.startMs > QUICKER_SHARE * lengthMs) continue;
    const { tripped } = await fail(lab, shape, lab.limits.callsMax, LATER_IN_TURN_MS_MAX);
    if (tripped !== null) return shape;
  }
  return null;
}

/**
 * Whatever has been counted so far is given good calls, and time, to be forgotten. The calls are part of the story:
 * they fill windows of calls; those of time are empty in the end.
 */
async function forgotten(lab: Lab): Promise<void> {
  await lab.restore();
  lab.forget();
  for (let i = 0; i < FORGOTTEN_CALLS; i++) await lab.call();
  await lab.bench.wait(lab.limits.pauseMsMax);
}
