/** The mutants by name. To add one: a file here, a line below, a test. */
import type { Mutate, Parts } from '../parts.ts';

import { breakerNeverOpens } from './breaker-never-opens.ts';
import { breakerNeverRecovers } from './breaker-never-recovers.ts';
import { breakerOpensTooEarly } from './breaker-opens-too-early.ts';
import { degradedUnmarked } from './degraded-unmarked.ts';
import { fakeVectorKept } from './fake-vector-kept-after-recovery.ts';
import { fallbackNotWired } from './fallback-not-wired.ts';
import { hangNotCounted } from './hang-not-counted.ts';
import { retryStorm } from './retry-storm.ts';
import { writesDoubled } from './writes-doubled-on-replay.ts';
import { writesLost } from './writes-lost-on-outage.ts';

const MUTANTS: ReadonlyMap<string, Mutate> = new Map([
  ['breaker-never-opens', breakerNeverOpens],
  ['breaker-opens-too-early', breakerOpensTooEarly],
  ['breaker-never-recovers', breakerNeverRecovers],
  ['hang-not-counted', hangNotCounted],
  ['fallback-not-wired', fallbackNotWired],
  ['degraded-unmarked', degradedUnmarked],
  ['retry-storm', retryStorm],
  ['writes-lost-on-outage', writesLost],
  ['writes-doubled-on-replay', writesDoubled],
  ['fake-vector-kept-after-recovery', fakeVectorKept],
]);

export const MUTANT_NAMES: readonly string[] = [...MUTANTS.keys()];

/** The parts with the named defect; without a name, as they are. @throws RangeError for an unknown name. */
export function mutate(parts: Parts, name: string | undefined): Parts {
  if (name === undefined) return parts;
  const mutation = MUTANTS.get(name);
  if (mutation === undefined) throw new RangeError(`mutant: "${name}" is none of ${MUTANT_NAMES.join(', ')}`);
  return mutation(parts);
}
