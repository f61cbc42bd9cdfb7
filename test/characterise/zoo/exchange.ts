/** One HTTP exchange with limits for connection, head, silence and the whole, and what went wrong with it. */
import http from 'node:http';
import type { Shape } from '../../../harness/policy/bench.ts';
import { UPSTREAM } from './entry.ts';

export type Failure = Shape;

export interface ExchangeLimits {
  connectMs: number | null;
  headersMs: number | null;
  idleMs: number | null;
  totalMs: number | null;
}

const agent = new http.Agent({ keepAlive: true });

/** Null: it went well. A limit that passes ends it on the wire too. */
export function exchange(key: string, limits: ExchangeLimits): Promise<Failure | null> {
  return new Promise((resolve) => {
    const body = JSON.stringify({ key });
    const request = http.request(`${UPSTREAM}/work`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    const timers = new Set<NodeJS.Timeout>();
    const limit = (ms: number | null, failure: () => Failure): NodeJS.Timeout | undefined => {
      if (ms === null) return undefined;
      const timer = setTimeout(() => {
        request.destroy();
        end(failure());
      }, ms);
      timers.add(timer);
      return timer;
    };
    const end = (failure: Failure | null): void => {
      for (const timer of timers) clearTimeout(timer);
      resolve(failure);
    };
    let isConnected = false;
    let hasHead = false;
    const hang = (): Failure => (hasHead ? 'stalled-stream' : isConnected ? 'slow-headers' : 'black-hole');
    limit(limits.totalMs, hang);
    const head = limit(limits.headersMs, hang);
    const dial = limit(limits.connectMs, () => 'black-hole');
    request.on('socket', (socket) => {
      const connected = (): void => {
        isConnected = true;
        clearTimeout(dial);
      };
      if (socket.connecting) socket.once('connect', connected);
      else connected();
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') end('refused');
      // Node says "socket hang up" of a connection that ends, and names the call where it is reset.
      else end(error.syscall === undefined ? 'accept-then-fin' : 'rst');
    });
    request.on('response', (response) => {
      hasHead = true;
      clearTimeout(head);
      let idle = limit(limits.idleMs, hang);
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        clearTimeout(idle);
        idle = limit(limits.idleMs, hang);
      });
      response.on('error', () => end('truncated-stream'));
      response.on('end', () => end(failureOf(response, Buffer.concat(chunks).toString())));
    });
    request.end(body);
  });
}

function failureOf({ statusCode = 0, headers }: http.IncomingMessage, text: string): Failure | null {
  const asks = headers['retry-after'] !== undefined;
  if (statusCode === 429) return asks ? 'status-429-retry-after' : 'status-429';
  if (statusCode === 503) return asks ? 'status-503-retry-after' : 'status-503';
  if (statusCode >= 500) return 'status-500';
  if (statusCode >= 400) return 'status-400';
  try {
    JSON.parse(text);
    return null;
  } catch {
    return 'malformed-200';
  }
}
