/** B1: no breaker of the original was ever started, and an unknown one reads as closed. */
import type { Mutate } from '../parts.ts';

export const breakerNeverOpens: Mutate = (parts) => ({
  ...parts,
  tripRule: () => ({ state: null, success: () => {}, failure: () => false }),
});
