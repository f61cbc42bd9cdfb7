/** What every handler of a request does: its body as an object, its trace, its deadline, its time. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LinkParts, Served } from '../served.ts';
import { type Trace, traceFrom } from '../trace.ts';
import { DeadlineExceeded } from './failure.ts';
import { BadRequest } from './requests.ts';

/** Marks an answer with its parts: in its headers, and with what is returned in its body. */
export type MarkReply = (
  reply: FastifyReply,
  links: LinkParts,
) => { readonly served: Served; readonly degraded: boolean };

/**
 * Waits no longer than `deadlineMs`. The work goes on: its guarded calls end by their own limits.
 * @throws DeadlineExceeded, or what the work throws
 */
export async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DeadlineExceeded(deadlineMs)), deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws BadRequest for anything but an object. */
export function objectBody(request: FastifyRequest): object {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BadRequest('body must be a JSON object.');
  }
  return body;
}

export function traceOf(request: FastifyRequest): Trace {
  const header = request.headers.traceparent;
  return traceFrom(typeof header === 'string' ? header : undefined);
}

export function elapsedMs(startedAtMs: number): number {
  return Math.round(performance.now() - startedAtMs);
}
