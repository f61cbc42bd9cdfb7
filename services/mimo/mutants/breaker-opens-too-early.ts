/** B9: the configured threshold is read by nothing; here every breaker opens at the second failure. */
import type { Mutate } from '../parts.ts';

const FAILURES = 2;

export const breakerOpensTooEarly: Mutate = (parts) => ({
  ...parts,
  tripRule: (policy) => parts.tripRule({ ...policy, failures: FAILURES }),
});
