/** What faults above TCP have in common, whatever protocol they speak. */
import type { Fault } from '../model/fault.ts';
import type { Chooser } from './chooser.ts';

/** A fault of kind `K` that is armed on a link. */
export interface ProtocolFault<K = unknown> {
  readonly name: string;
  readonly kind: K;
  readonly attributes: Record<string, unknown>;
  readonly spec: Fault;
  readonly chooser: Chooser;
  /** What the kind keeps between exchanges while it is armed, such as a token bucket. */
  readonly state: unknown;
  /** Aborted when it is lifted. */
  readonly lifted: AbortSignal;
}

/** Whether a fault that fits acts on the thing at hand; counts it. */
export function takes({ chooser, spec }: ProtocolFault): boolean {
  return chooser.take(spec.probability ?? 1);
}
