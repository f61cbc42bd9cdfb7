/**
 * W3C trace context: the entry's trace id goes out on every call it causes, so that an observer on
 * the wire can tell which request an upstream exchange belongs to. Nothing is collected here.
 */
import { randomBytes } from 'node:crypto';

/** One request's place in a trace. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Two hex digits; bit 0 says that the caller samples. */
  readonly flags: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const ALL_ZERO = /^0+$/;

/** Reads a `traceparent` header; a missing or malformed one starts a new trace, as the standard asks. */
export function traceFrom(header: string | undefined): Trace {
  const match = TRACEPARENT.exec(header ?? '');
  const [, traceId, parentId, flags] = match ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return newTrace();
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return newTrace();
  return { traceId, flags };
}

/** A trace of our own, for work that no request asked for. */
export function newTrace(): Trace {
  return { traceId: randomBytes(16).toString('hex'), flags: '01' };
}

/** The header for one call: same trace, a parent id of its own. */
export function traceparent(trace: Trace): string {
  return `00-${trace.traceId}-${randomBytes(8).toString('hex')}-${trace.flags}`;
}

/** The same as a comment for SQL, in the form that sqlcommenter set. */
export function traceComment(trace: Trace): string {
  return `/*traceparent='${traceparent(trace)}'*/`;
}
