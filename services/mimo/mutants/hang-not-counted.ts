/** B3: a hang killed by a timeout is recorded nowhere; refused connections and 5xx are. */
import type { Mutate } from '../parts.ts';
import { CallTimedOut } from '../resilience/faults.ts';

export const hangNotCounted: Mutate = (parts) => ({
  ...parts,
  isFailure: (error) => !(error instanceof CallTimedOut) && parts.isFailure(error),
});
