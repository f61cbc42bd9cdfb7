/** B11, the classic: once open, a breaker never looks again whether its dependency is back. */
import type { Mutate } from '../parts.ts';

export const breakerNeverRecovers: Mutate = (parts) => ({
  ...parts,
  breaker: (options) =>
    parts.breaker({ ...options, policy: { ...options.policy, openMs: Number.POSITIVE_INFINITY } }),
});
