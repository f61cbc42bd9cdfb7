/** A call to the API written as a person would note it down, sent byte for byte, and its answer made comparable. */
import http from 'node:http';

export interface Answer {
  status: number | undefined;
  type: string | undefined;
  /** JSON where it is JSON. */
  body: unknown;
}

const CALL_LIMIT_MS = 8_000;

/**
 * Sends `METHOD /path body…`; the path and the body go out as they stand, so also malformed ones.
 * No body: none is sent; `EMPTY`: one of no bytes. `as NAME` before the method sets the User-Agent.
 */
export function send(url: string, call: string): Promise<Answer & { text: string }> {
  const [, agent = 'test', method = '', path = '', text] =
    /^(?:as (\S+) )?(\S+) (\S+)(?: ([\s\S]*))?$/.exec(call) ?? [];
  const body = text === 'EMPTY' ? '' : text;
  const { hostname, port } = new URL(url);
  const headers: http.OutgoingHttpHeaders = { 'user-agent': agent };
  if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        received += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          type: response.headers['content-type'],
          text: received,
          body: /^[[{]/.test(received) ? JSON.parse(received) : received,
        }),
      );
    });
    request.setTimeout(CALL_LIMIT_MS, () => request.destroy(new Error(`no answer to ${call}`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** Ports of the kernel's choice have four or five digits; those written down in tests have fewer. */
const CHOSEN_PORT = /^((?:127\.0\.0\.1|0\.0\.0\.0|\[::1?\])):\d{4,5}$/;

/** Without what differs by chance or by accident: chosen ports, the stray Logger, the wording of JSON errors. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'string')
    return value.replace(CHOSEN_PORT, '$1:PORT').replace(/^(bad request body: ).*/, '$1…');
  if (value === null || typeof value !== 'object') return value;
  const { Logger: _stray, ...rest } = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, comparable(inner)]));
}
