/**
 * What an HTTP fault is: it looks at a request's head and may answer it itself, so that the request
 * never reaches the dependency.
 */
import type { z } from 'zod';
import type { Fault } from '../../model/fault.ts';

/** A request as far as a fault may look at it. */
export interface RequestHead {
  method: string;
  path: string;
}

/** An answer in place of the dependency's. */
export interface LocalAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A kind of HTTP fault. */
export interface HttpFaultType<A = Record<string, unknown>> {
  readonly type: string;
  readonly attributes: z.ZodType<A>;
  answer(request: RequestHead, attributes: A): LocalAnswer;
}

/** Ties a fault type's own attribute type to the registry's common one; the schema has checked the values. */
export function defineHttpFault<A extends Record<string, unknown>>(type: HttpFaultType<A>): HttpFaultType {
  return type as unknown as HttpFaultType;
}

/** A fault that is configured on a link. */
export interface HttpFault {
  readonly name: string;
  readonly kind: HttpFaultType;
  readonly attributes: Record<string, unknown>;
  readonly spec: Fault;
  /** Hits still allowed; Infinity without `times`. */
  left: number;
}

/** Takes the first fault that wants this request, and counts the hit. */
export function claim(faults: readonly HttpFault[], request: RequestHead): HttpFault | undefined {
  const fault = faults.find((candidate) => candidate.left > 0 && matches(candidate.spec, request));
  if (fault !== undefined) fault.left--;
  return fault;
}

function matches({ match }: Fault, request: RequestHead): boolean {
  if (match?.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  return match?.path === undefined || request.path.startsWith(match.path);
}
