/**
 * The writes of a run against what the audit `writes` found in the database: a set checker in Jepsen's sense. Every
 * write has a key of its own; the audit counts rows by key, around target and links.
 */
import { z } from 'zod';
import { type AuditEvent, eventsOf, type History, type RequestEvent } from '../model/history.ts';

const Rows = z.object({ rows: z.record(z.string(), z.number()) });

/** Answers that say the request is at fault, so nothing was done; 408 says that nobody knows. */
const REFUSED_FROM = 400;
const REFUSED_TO = 499;
const REQUEST_TIMEOUT = 408;

export interface WriteSet {
  audit: AuditEvent;
  writes: readonly RequestEvent[];
  acknowledged: readonly RequestEvent[];
  /** Neither acknowledged nor refused: it may be there or not. */
  ambiguous: readonly RequestEvent[];
  /** Ambiguous, and there. */
  recovered: readonly RequestEvent[];
  /** Acknowledged, and not there. */
  lost: readonly RequestEvent[];
  /** There more than once, whatever was answered. */
  doubled: readonly RequestEvent[];
  /** Answered 4xx, and there all the same. */
  refusedButStored: readonly RequestEvent[];
}

/** Sorts the writes; a text where the audit was not taken or failed, with the event where there is one. */
export function writeSetOf(history: History): WriteSet | { why: string; cites: readonly AuditEvent[] } {
  const audit = eventsOf(history, 'audit').findLast(({ name }) => name === 'writes');
  if (audit === undefined) return { why: 'no audit "writes" was taken', cites: [] };
  const parsed = Rows.safeParse(audit.result);
  if (!parsed.success)
    return { why: `the audit "writes" failed: ${audit.error ?? 'it has no rows'}`, cites: [audit] };
  const stored = ({ key }: RequestEvent): number => parsed.data.rows[key] ?? 0;
  const writes = eventsOf(history, 'request').filter(
    ({ name }) => history.header.requests[name]?.write === true,
  );
  const acknowledged = writes.filter(({ outcome }) => outcome === 'ok');
  const refused = writes.filter(
    ({ status }) =>
      status !== null && status >= REFUSED_FROM && status <= REFUSED_TO && status !== REQUEST_TIMEOUT,
  );
  const known = new Set([...acknowledged, ...refused]);
  const ambiguous = writes.filter((write) => !known.has(write) && write.outcome !== 'dropped');
  return {
    audit,
    writes,
    acknowledged,
    ambiguous,
    recovered: ambiguous.filter((write) => stored(write) > 0),
    lost: acknowledged.filter((write) => stored(write) === 0),
    doubled: writes.filter((write) => stored(write) > 1),
    refusedButStored: refused.filter((write) => stored(write) > 0),
  };
}
