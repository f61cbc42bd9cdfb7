/**
 * One JSON exchange with a dependency: POST, read the whole bounded body, parse. Built on Node's own
 * fetch: it keeps connections alive, an abort really closes the socket, and it costs no import, where
 * the `openai` client adds some 50 ms to the boot for a single route that we retry nowhere.
 */
import type { LinkName } from '../policy.ts';
import { DependencyFault, RequestRefused } from '../resilience/faults.ts';

/** Sixteen embeddings of 768 numbers are about 250 kB; anything near this limit is not an answer. */
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
/** Enough of an error body to understand it in a log line. */
const DETAIL_CHARS_MAX = 200;

/** Statuses below 500 that still speak of the dependency's condition and not of our request. */
const OVERLOAD_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Refusals that the operator can mend: credentials, payment, a model or route that is not there. */
const SETUP_STATUSES: ReadonlySet<number> = new Set([401, 402, 403, 404]);

export interface JsonPost {
  readonly link: LinkName;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** @throws DependencyFault when the dependency fails, RequestRefused when it rejects the request. */
export async function postJson({ link, url, headers, body, signal }: JsonPost): Promise<unknown> {
  const { status, text } = await exchange(link, url, signal, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify(body),
    // A dependency of ours never redirects; following one would hide a misconfigured proxy.
    redirect: 'manual',
    signal,
  });
  if (status >= 500 || OVERLOAD_STATUSES.has(status)) {
    throw new DependencyFault(link, 'status', `status ${status}: ${text.slice(0, DETAIL_CHARS_MAX)}`);
  }
  if (status >= 400) {
    const kind = SETUP_STATUSES.has(status) ? 'setup' : 'request';
    throw new RequestRefused(link, kind, `status ${status}: ${text.slice(0, DETAIL_CHARS_MAX)}`);
  }
  if (status !== 200) throw new DependencyFault(link, 'malformed', `unexpected status ${status}`);
  try {
    return JSON.parse(text);
  } catch {
    const start = text.slice(0, DETAIL_CHARS_MAX);
    throw new DependencyFault(link, 'malformed', `status 200 with a body that is not JSON: ${start}`);
  }
}

async function exchange(
  link: LinkName,
  url: string,
  signal: AbortSignal,
  init: RequestInit,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await readBounded(link, response) };
  } catch (error) {
    if (error instanceof DependencyFault) throw error;
    // Our own abort: report its reason, which says whose limit it was.
    if (signal.aborted) throw signal.reason;
    throw new DependencyFault(link, 'network', reasonOf(error), { cause: error });
  }
}

async function readBounded(link: LinkName, response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > RESPONSE_BYTES_MAX) {
      throw new DependencyFault(link, 'malformed', `answer longer than ${RESPONSE_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
