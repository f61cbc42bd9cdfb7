/** Failures in a row until silence: is there a breaker, and how many does it take from a clean state. */
import type { Shape } from '../bench.ts';
import { type Call, type Lab, median } from '../lab.ts';

/** Failures that a breaker would count if it counts anything, in the order in which they are tried. */
const FIRST_SHAPES: readonly Shape[] = ['status-503', 'status-500', 'rst', 'accept-then-fin'];

/** Longer than the windows of calls that are looked for. */
const FORGOTTEN_CALLS = 100;

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
  const tripped = await trip(lab, shape);
  if (tripped !== null) return tripped;
  await lab.bench.wait(lab.limits.pauseMsMax);
  return (await trip(lab, shape, lab.limits.callsMax * 2)) ?? (await tripAtOnce(lab, shape));
}

/** Fails calls until one does not reach the link any more; null: none did. Leaves the failure armed. */
export async function trip(lab: Lab, shape: Shape, callsMax = lab.limits.callsMax): Promise<Trip | null> {
  const { tripped } = await fail(lab, shape, callsMax);
  return tripped;
}

async function fail(
  lab: Lab,
  shape: Shape,
  callsMax: number,
): Promise<{ tripped: Trip | null; calls: Call[] }> {
  const calls: Call[] = [];
  if ((await lab.arm(shape)) !== null) return { tripped: null, calls };
  while (calls.length < callsMax) {
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
    await Promise.all(Array.from({ length: lab.limits.burstMax }, () => lab.bench.ask(lab.kind).reply));
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
  for (const shape of FIRST_SHAPES) {
    const before = failed.length;
    let { tripped, calls } = await fail(lab, shape, lab.limits.callsMax);
    if (tripped !== null && before > 0) {
      // What failed otherwise before may have been counted: once more, from clean.
      await forgotten(lab);
      ({ tripped, calls } = await fail(lab, shape, lab.limits.callsMax));
    }
    if (calls.length > 0) failed.push({ shape, calls });
    if (tripped !== null) {
      lab.failureMs = median(calls.map(({ reply }) => reply.endMs - reply.startMs));
      const attempts = calls.reduce((sum, call) => sum + call.attempts.length, 0);
      const says = `${shape}: silence after ${calls.length} failed calls, ${attempts} attempts`;
      return { tripped, failed, says };
    }
    const atOnce = await tripAtOnce(lab, shape);
    if (atOnce !== null) {
      const says = `${shape}: silence after ${lab.limits.burstMax} failed calls at once, not after as many in turn`;
      return { tripped: atOnce, failed, says };
    }
    await lab.restore();
  }
  const says = `${lab.limits.callsMax} failed calls of each shape all reached the link`;
  return { tripped: null, failed, says };
}

/** Whatever has been counted so far is given time, and good calls, to be forgotten. */
async function forgotten(lab: Lab): Promise<void> {
  await lab.restore();
  await lab.bench.wait(lab.limits.pauseMsMax);
  for (let i = 0; i < FORGOTTEN_CALLS; i++) await lab.call();
  lab.forget();
}
