/** Sends one request of a virtual user over its own connection, and tells of it as k6's http module would. */
import http from 'node:http';
import type { HttpAnswer, HttpParams } from './bridge.ts';

/** Of k6's error codes, those that the double tells apart. */
const CODES: Readonly<Record<string, number>> = { ECONNREFUSED: 1212, ECONNRESET: 1220, ETIMEDOUT: 1050 };
const GENERIC = 1000;

export interface Sent extends HttpAnswer {
  error: string;
}

export function send(
  agent: http.Agent,
  method: string,
  url: string,
  body: string | null,
  { headers, timeout, redirects, responseType }: HttpParams,
): Promise<Sent> {
  const limitMs = Number(/^(\d+(?:\.\d+)?)ms$/.exec(timeout)?.[1]);
  if (Number.isNaN(limitMs)) throw new Error(`the double knows no timeout like ${timeout}`);
  if (redirects !== 0) throw new Error('the double follows no redirects');
  const startMs = performance.now();
  const timings = () => ({ duration: performance.now() - startMs });
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const error_code = CODES[error.code ?? ''] ?? GENERIC;
      resolve({ status: 0, error_code, error: error.message, headers: {}, body: null, timings: timings() });
    };
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = http.request(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', fail);
      response.once('end', () => {
        clearTimeout(late);
        const status = response.statusCode ?? 0;
        const error_code = status >= 400 ? 1_000 + status : 0;
        const text = responseType === 'text' ? Buffer.concat(chunks).toString('utf8') : null;
        const all = { headers: canonical(response.headers), body: text, timings: timings() };
        resolve({ status, error_code, error: '', ...all });
      });
    });
    const late = setTimeout(() => {
      request.destroy(Object.assign(new Error('request timeout'), { code: 'ETIMEDOUT' }));
    }, limitMs);
    request.once('error', (error) => {
      clearTimeout(late);
      fail(error);
    });
    request.end(body ?? undefined);
  });
}

/** Go's capital letters, `Served-By`, which k6 shows scripts. */
function canonical(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase()),
      String(value),
    ]),
  );
}
