/** Every HTTP fault there is. To add one: a file in `faults/`, and a line here. */
import type { HttpFaultType } from './fault.ts';
import { httpStatus } from './faults/status.ts';

const all = [httpStatus];

export const HTTP_FAULTS: ReadonlyMap<string, HttpFaultType> = new Map(
  all.map((fault) => [fault.type, fault]),
);
