/** Times of schedules. */

/** They are in steps of this many ms: fine enough, and a person can read them. */
export const GRAIN_MS = 50;
/** No fault is shorter than this, in ms. */
export const SHORTEST_MS = 100;

/** The nearest step; ms. */
export function grain(ms: number): number {
  return Math.round(ms / GRAIN_MS) * GRAIN_MS;
}
