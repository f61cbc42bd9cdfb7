/** Every PostgreSQL fault there is. To add one: a file in `faults/`, and a line here. */
import type { PostgresFaultType } from './fault.ts';
import { postgresError } from './faults/error.ts';

const all = [postgresError];

export const POSTGRES_FAULTS: ReadonlyMap<string, PostgresFaultType> = new Map(
  all.map((fault) => [fault.type, fault]),
);
