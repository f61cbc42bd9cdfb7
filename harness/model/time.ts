/**
 * Time, in the two units the rig uses: milliseconds for durations that people write, nanoseconds
 * since the run's origin for the moments of events. It must not know who asks for the time.
 *
 * Event times are plain integers, not bigints: counted from the run's origin they stay exact in a
 * double for 104 days, and they survive JSON, jq and spreadsheets unharmed.
 */

/** A duration in milliseconds. */
export type Ms = number;

/** A moment: whole nanoseconds since the origin of the run (monotonic clock). */
export type Nanoseconds = number;

/** Nanoseconds in one millisecond. */
export const NS_PER_MS = 1_000_000;

/** Converts a duration in nanoseconds to milliseconds. */
export function toMs(ns: Nanoseconds): Ms {
  return ns / NS_PER_MS;
}

/** Converts a duration in milliseconds to whole nanoseconds. */
export function toNs(ms: Ms): Nanoseconds {
  return Math.round(ms * NS_PER_MS);
}

/** A clock that tells nanoseconds since a fixed origin; all processes of one machine can share the origin. */
export type Clock = () => Nanoseconds;

/**
 * Makes a clock that counts from `origin`, a reading of `process.hrtime.bigint()`.
 * The kernel's monotonic clock is one for all processes, so events stamped in several can be merged.
 */
export function clockFrom(origin: bigint): Clock {
  return () => Number(process.hrtime.bigint() - origin);
}
