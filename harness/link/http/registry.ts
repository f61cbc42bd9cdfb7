/** Every HTTP fault there is. To add one: a file beside this one, and a line here. */
import type { HttpFaultType } from './fault.ts';
import { httpStatus } from './status.ts';

const all = [httpStatus];

export const HTTP_FAULTS: ReadonlyMap<string, HttpFaultType> = new Map(
  all.map((fault) => [fault.type, fault]),
);
