/**
 * Half-open: at the end of the open time many calls come at once, their answers held. How many are let
 * through, and after how many good ones all are.
 */
import { isSaturated, type Lab } from '../lab.ts';
import { type Trip, tripAgain } from './trip.ts';

const NAME = 'bursts at the end of the open time, answers held';
const BURST = 8;
const TRIES = 3;
/** Of the patience of the target. */
const PATIENCE_SHARE = 0.4;
const BURSTS_MAX = 10;
/** Beyond the open time, so that it is over; a share, for timers that are late. */
const AFTER = 1.06;

interface Bursts {
  /** Let through, burst by burst. */
  admitted: number[];
  /** The last burst was let through whole. */
  isClosed: boolean;
  /** Calls that came after the first burst had been let go, and so had waited for it. */
  waited: number;
  /** They may not have waited, but come late. */
  isSlow: boolean;
  /** How long the target waited for a held answer before it gave up; null: it did not. */
  gaveUpMs: number | null;
}

/** @param openMs no open time is longer */
export async function halfOpen(lab: Lab, shape: Trip['shape'], openMs: number): Promise<string> {
  let { settleMs } = lab;
  const size = await roomFor(lab, Math.min(BURST, lab.limits.burstMax), settleMs);
  let bursts: Bursts | null = null;
  for (let tries = 0; tries < TRIES; tries++) {
    bursts = await burstsAfterTrip(lab, shape, openMs, settleMs, size);
    if (bursts === null || bursts.gaveUpMs === null) break;
    // Held for too long: a probe that is given up is a failed one.
    settleMs = Math.min(settleMs / 2, bursts.gaveUpMs * PATIENCE_SHARE);
    await lab.restore();
  }
  if (bursts === null) {
    lab.dontKnow('breaker.halfOpenProbes', 'it could not be tripped again');
    return 'it could not be tripped again';
  }
  const { admitted, isClosed, waited, isSlow } = bursts;
  const says = `of ${size} at once, ${admitted.join(', then ')} were let through`;
  const probes = admitted[0] ?? 0;
  const observations = admitted.length;
  if (waited > 0 && probes > 0) {
    // Those that waited and went after the probes hide when it closed: probes come one by one instead.
    const isTold = !isSlow && (await oneByOne(lab, shape, openMs, settleMs, size, 1, probes + 1)) === true;
    const why = `${waited} calls came after the others had been let go`;
    // Had it never let a whole burst through, it might be a bulkhead that makes them wait.
    if (isTold)
      lab.know('breaker.halfOpenProbes', probes, {
        low: probes,
        high: probes,
        observations,
        experiment: NAME,
      });
    else
      for (const name of ['breaker.halfOpenProbes', 'breaker.successesToClose'] as const)
        lab.dontKnow(name, why);
    await lab.restore();
    return `${says}, and ${waited} waited for them`;
  }
  if (probes === 0 || !isClosed) {
    lab.dontKnow('breaker.halfOpenProbes', says);
    lab.dontKnow('breaker.successesToClose', says);
    await lab.restore();
    return says;
  }
  if (admitted.length === 1) {
    lab.know('breaker.halfOpenProbes', probes, { low: probes, high: null, observations, experiment: NAME });
    lab.dontKnow('breaker.successesToClose', 'half-open admits as many as closed, so the two look the same');
    await lab.restore();
    return says;
  }
  lab.know('breaker.halfOpenProbes', probes, { low: probes, high: probes, observations, experiment: NAME });
  const before = admitted.slice(0, -1).reduce((sum, count) => sum + count, 0);
  const least = before - (admitted.at(-2) ?? 0) + 1;
  const isToldOneByOne = await oneByOne(lab, shape, openMs, settleMs, size, least, before);
  if (isToldOneByOne === false) closesAfter(lab, before, observations);
  if (isToldOneByOne === null)
    lab.dontKnow('breaker.successesToClose', `from ${least} to ${before}: it could not be tripped again`);
  await lab.restore();
  return says;
}

/** How many calls at once are let through while it is closed: a bulkhead may be smaller than a burst. */
async function roomFor(lab: Lab, size: number, settleMs: number): Promise<number> {
  if ((await lab.arm('held')) !== null) return size;
  const burst = await lab.burst(size, settleMs);
  const { held, later } = burst;
  if (held.length < size) lab.facts.room = Math.max(1, held.length);
  if (held.length + later.length >= size) {
    lab.noteBurst(size, burst);
    return Math.max(2, held.length);
  }
  // What it made of those that a bulkhead turned away is not known.
  await lab.inFog(() => lab.restore());
  return Math.max(2, held.length);
}

/** Trips it, waits, and sends burst after burst until one is let through whole; null: it could not be tripped. */
async function burstsAfterTrip(
  lab: Lab,
  shape: Trip['shape'],
  openMs: number,
  settleMs: number,
  size: number,
): Promise<Bursts | null> {
  const tripped = await tripAgain(lab, shape);
  if (tripped === null) return null;
  await lab.bench.wait(
    Math.max(0, tripped.anchorMs + openMs * AFTER + 3 * lab.facts.errorMs - lab.bench.now()),
  );
  const bursts: Bursts = { admitted: [], isClosed: false, waited: 0, isSlow: false, gaveUpMs: null };
  while (!bursts.isClosed && bursts.admitted.length < BURSTS_MAX) {
    if ((await lab.arm('held')) !== null) break;
    const burst = await lab.burst(size, settleMs);
    const { held, later, letGoMs } = burst;
    bursts.admitted.push(held.length);
    const gaveUp = held.filter(({ endedBy, ok }) => endedBy === 'target' && !ok);
    if (gaveUp.length > 0) {
      bursts.gaveUpMs = Math.min(...gaveUp.map(({ startMs, endMs }) => endMs - startMs));
      break;
    }
    bursts.isClosed = held.length >= size;
    if (bursts.isClosed && bursts.admitted.length > 1) lab.closed();
    lab.noteBurst(size, burst);
    if (held.length < size) bursts.waited += later.length;
    if (later.length > 0 && held.length > 0) bursts.isSlow ||= !isSaturated(held, letGoMs, settleMs);
    if (held.length === 0 || bursts.waited > 0) break;
  }
  return bursts;
}

function closesAfter(lab: Lab, successes: number, observations: number): void {
  lab.know('breaker.successesToClose', successes, {
    low: successes,
    high: successes,
    observations,
    experiment: NAME,
  });
  lab.facts.successesToClose = successes;
}

/**
 * Several probes at once hide which of them closed it: they come one after the other, in a trip of their own.
 * False: fewer than `most` did not close it; null: it could not be tripped again.
 */
async function oneByOne(
  lab: Lab,
  shape: Trip['shape'],
  openMs: number,
  settleMs: number,
  size: number,
  least: number,
  most: number,
): Promise<boolean | null> {
  for (let successes = least; successes < most; successes++) {
    await lab.restore();
    const tripped = await tripAgain(lab, shape);
    if (tripped === null) return null;
    await lab.bench.wait(
      Math.max(0, tripped.anchorMs + openMs * AFTER + 3 * lab.facts.errorMs - lab.bench.now()),
    );
    await lab.bench.heal();
    for (let i = 0; i < successes; i++) await lab.call();
    await lab.arm('held');
    const burst = await lab.burst(size, settleMs);
    const isClosed = burst.held.length >= size;
    if (isClosed) lab.closed();
    lab.noteBurst(size, burst);
    if (isClosed) {
      closesAfter(lab, successes, 1);
      return true;
    }
  }
  return false;
}
