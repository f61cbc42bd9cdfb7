/** The mutants by name. To add one: a line in the file of its room, one in declared.ts that says what must catch it. */
import type { Mutate, Parts } from '../parts.ts';
import { BREAKER_MUTANTS } from './breaker.ts';
import { CACHE_MUTANTS } from './caches.ts';
import { ENTRY_MUTANTS } from './entry.ts';
import { FALLBACK_MUTANTS } from './fallback.ts';
import { RETRY_MUTANTS } from './retry.ts';
import { WRITE_MUTANTS } from './writes.ts';

const MUTANTS: Readonly<Record<string, Mutate>> = {
  ...BREAKER_MUTANTS,
  ...RETRY_MUTANTS,
  ...FALLBACK_MUTANTS,
  ...WRITE_MUTANTS,
  ...CACHE_MUTANTS,
  ...ENTRY_MUTANTS,
};

export const MUTANT_NAMES: readonly string[] = Object.keys(MUTANTS);

/** The parts with the named defect; without a name, as they are. @throws RangeError for an unknown name. */
export function mutate(parts: Parts, name: string | undefined): Parts {
  if (name === undefined) return parts;
  const mutation = Object.hasOwn(MUTANTS, name) ? MUTANTS[name] : undefined;
  if (mutation === undefined) throw new RangeError(`mutant: "${name}" is none of ${MUTANT_NAMES.join(', ')}`);
  return mutation(parts);
}
