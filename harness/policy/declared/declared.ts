/**
 * What somebody declares about a policy, whatever file they wrote it in, in the words of a measurement. A
 * quantity that the file says nothing of is left out; null says that there is none.
 */
import type { QuantityName } from '../../model/measured.ts';

export type Declared = Partial<Record<QuantityName, number | string | boolean | null>>;

/** Reads one kind of file. */
export interface Adapter {
  readonly name: string;
  /** Whether a document looks like one of its own. */
  recognises(document: Record<string, unknown>): boolean;
  /** @throws UsageError where a value is not what its library takes */
  read(document: Record<string, unknown>): Declared;
}
