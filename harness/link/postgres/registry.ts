/** Every PostgreSQL fault there is. To add one: a file in `faults/`, and a line here. */
import type { PostgresFaultType } from './fault.ts';
import { postgresCut } from './faults/cut.ts';
import { postgresError } from './faults/error.ts';
import { postgresHold } from './faults/hold.ts';
import { postgresKill } from './faults/kill.ts';
import { postgresRefuse } from './faults/refuse.ts';
import { postgresSessions } from './faults/sessions.ts';
import { postgresSlow } from './faults/slow.ts';

const all = [
  postgresRefuse,
  postgresSessions,
  postgresError,
  postgresKill,
  postgresCut,
  postgresSlow,
  postgresHold,
];

export const POSTGRES_FAULTS: ReadonlyMap<string, PostgresFaultType> = new Map(
  all.map((fault) => [fault.type, fault]),
);
