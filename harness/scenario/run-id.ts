/** Names for runs and seeds for those that were given none. */
import { randomBytes, randomInt } from 'node:crypto';

/** A name that sorts by time and is unique on a machine, such as `20261124-101835-3f9c`. */
export function newRunId(at: Date = new Date()): string {
  const digits = at.toISOString().replaceAll(/[-:]/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(9, 15)}-${randomBytes(2).toString('hex')}`;
}

/** A seed small enough to type. */
export function newSeed(): number {
  return randomInt(1, 1_000_000);
}
