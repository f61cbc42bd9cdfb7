/**
 * What every exchange with a dependency has in common: how it is begun, which status means what, and what an
 * error of the network is called.
 */
import type { LinkName } from '../policy.ts';
import { CallTimedOut, DependencyFault, RequestRefused } from '../resilience/faults.ts';

/** Sixteen embeddings of 768 numbers are about 250 kB; anything near this limit is not an answer. */
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
/** Enough of an error body to understand it in a log line. */
export const DETAIL_CHARS_MAX = 200;

/** Statuses below 500 that still speak of the dependency's condition and not of our request. */
const OVERLOAD_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Refusals that the operator can mend: credentials, payment, a model or route that is not there. */
const SETUP_STATUSES: ReadonlySet<number> = new Set([401, 402, 403, 404]);

/** A request with a JSON body. */
export interface Post {
  readonly link: LinkName;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** Sends the request; resolves when the head of the answer is there. */
export function open({ url, headers, body, signal }: Post, accept: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(body),
    // A dependency of ours never redirects; following one would hide a misconfigured proxy.
    redirect: 'manual',
    signal,
  });
}

/** @throws DependencyFault or RequestRefused unless the status is 200. */
export function assertOk(link: LinkName, status: number, text: string): void {
  if (status === 200) return;
  const detail = `status ${status}: ${text.slice(0, DETAIL_CHARS_MAX)}`;
  if (status >= 500 || OVERLOAD_STATUSES.has(status)) throw new DependencyFault(link, 'status', detail);
  if (status >= 400) {
    throw new RequestRefused(link, SETUP_STATUSES.has(status) ? 'setup' : 'request', detail);
  }
  throw new DependencyFault(link, 'malformed', `unexpected status ${status}`);
}

/** What `error`, thrown while an exchange was under way, means. */
export function networkFault({ link, signal }: Post, error: unknown): unknown {
  const isOurs =
    error instanceof DependencyFault || error instanceof RequestRefused || error instanceof CallTimedOut;
  if (isOurs) return error;
  // Our own abort: report its reason, which says whose limit it was.
  if (signal.aborted) return signal.reason;
  return new DependencyFault(link, 'network', reasonOf(error), { cause: error });
}

/** The whole body. @throws DependencyFault when it is longer than any answer could be. */
export async function readBounded(link: LinkName, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of boundedBody(link, response)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The body as it comes, with the same limit. */
export async function* boundedBody(link: LinkName, response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > RESPONSE_BYTES_MAX) {
      throw new DependencyFault(link, 'malformed', `answer longer than ${RESPONSE_BYTES_MAX} bytes`);
    }
    yield chunk;
  }
}

interface Thrown {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: Thrown;
}

/** fetch says only "fetch failed"; the reason (ECONNREFUSED, ECONNRESET, ...) is one level down. */
function reasonOf(error: unknown): string {
  const thrown: Thrown = Object(error);
  const source = thrown.cause ?? thrown;
  return String(source.code ?? source.message ?? error);
}
