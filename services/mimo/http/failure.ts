/**
 * What goes wrong, as an HTTP answer. A 4xx is always the caller's doing; an outage never is. Whoever
 * should come back is told when.
 */
import { QueueRefusal } from '../memory/write-queue.ts';
import { CallRejected, CallTimedOut, DependencyFault, RequestRefused } from '../resilience/faults.ts';
import { SemanticUnavailable } from '../semantic/answers.ts';
import { RateLimited } from './rate-limit.ts';
import { BadRequest } from './requests.ts';

/** No answer within the time the caller allowed. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  constructor(deadlineMs: number) {
    super(`No answer within the deadline of ${deadlineMs} ms.`);
  }
}

/** Too many requests at once, or the service is going away. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export interface Failure {
  readonly status: number;
  readonly error: string;
  /** For the Retry-After header. */
  readonly retryAfterS?: number;
}

const RETRY_AFTER_S = 1;

export function failureOf(error: unknown): Failure {
  if (error instanceof BadRequest) return { status: 400, error: error.message };
  if (error instanceof RateLimited) {
    return { status: 429, error: error.message, retryAfterS: Math.ceil(error.waitMs / 1_000) };
  }
  if (error instanceof DeadlineExceeded) return { status: 504, error: error.message };
  if (
    error instanceof Unavailable ||
    error instanceof QueueRefusal ||
    error instanceof SemanticUnavailable ||
    error instanceof CallRejected
  ) {
    return { status: 503, error: error.message, retryAfterS: RETRY_AFTER_S };
  }
  if (error instanceof CallTimedOut) return { status: 504, error: error.message };
  if (error instanceof DependencyFault) return { status: 502, error: error.message };
  if (error instanceof RequestRefused) return { status: 500, error: error.message };
  return clientMistake(error) ?? { status: 500, error: 'Internal error; the log tells more.' };
}

/** Fastify's own refusals: a body too long, not JSON, of another media type. */
function clientMistake(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const status = error.statusCode;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  return { status, error: `body: ${error.message}.` };
}
