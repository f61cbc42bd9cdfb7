/** A link with HTTP faults armed, and ways to look at exactly what comes through it. */
import http from 'node:http';
import { resolveFault } from '../../harness/link/faults.ts';
import { MessageParser } from '../../harness/link/http/parser.ts';
import type { ProtocolFaultSpec } from '../../harness/link/link.ts';
import type { ProtocolFault } from '../../harness/link/protocol-fault.ts';
import { Fault, type FaultInput } from '../../harness/model/fault.ts';
import { type Cleanup, connect, listen, type RawClient, startLink, type TestLink } from './sockets.ts';

export function httpFault(fault: FaultInput, name = 'f'): ProtocolFaultSpec {
  const armed = resolveFault(Fault.parse(fault), name, 'http', 'test');
  if (armed.plane !== 'protocol') throw new Error('not an HTTP fault');
  return armed.fault;
}

/** An HTTP link with a fault on it. */
export interface FaultyLink extends TestLink {
  url: string;
  fault: ProtocolFault;
  /** Which faults each exchange bears, in the order in which they ended. */
  hits(): string[][];
}

/** A link to a port, with one fault armed. */
export async function faultyLink(cleanup: Cleanup, port: number, fault: FaultInput): Promise<FaultyLink> {
  const link = await startLink(cleanup, port, { protocol: 'http' });
  return {
    ...link,
    url: `http://127.0.0.1:${link.port}`,
    fault: link.link.addFault(httpFault(fault)),
    hits: () => link.of('exchange').map(({ faults }) => faults),
  };
}

/** A server of our own, for answers that no stand-in gives. */
export async function httpServer(cleanup: Cleanup, handler: http.RequestListener): Promise<number> {
  return listen(cleanup, http.createServer(handler));
}

export const exchanges =
  (count: number) =>
  (link: TestLink): Promise<unknown> =>
    link.saw(`${count} exchanges`, () => link.of('exchange').length >= count);

/** A request as bytes. */
export function requestBytes(method: string, path: string, body?: object): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const about =
    body === undefined
      ? ''
      : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: x\r\n${about}\r\n${text}`;
}

/** Sends a request over a bare socket. */
export async function send(
  cleanup: Cleanup,
  port: number,
  method: string,
  path: string,
  body?: object,
): Promise<RawClient> {
  const client = await connect(cleanup, port);
  client.socket.write(requestBytes(method, path, body));
  return client;
}

/** The bodies of the answers in these bytes, framing taken off; of one that broke off, as far as it came. */
export function bodiesIn(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = [];
  const parser = new MessageParser({
    head: (head) => {
      bodies.push(Buffer.alloc(0));
      const length = head.headers.get('content-length');
      if (length === '0') return { kind: 'none' };
      return length === undefined ? { kind: 'chunked' } : { kind: 'length', bytes: Number(length) };
    },
    content: (from, to) => {
      bodies.push(Buffer.concat([bodies.pop() ?? Buffer.alloc(0), bytes.subarray(from, to)]));
    },
    body: () => {},
    end: () => {},
    holding: () => {},
    lost: (why) => {
      throw new Error(why);
    },
  });
  parser.push(bytes);
  return bodies;
}

/** What a request on a kept-alive connection came to. */
export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Requests one after the other on one connection, as long as it is kept alive. */
export function oneConnection(cleanup: Cleanup, port: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  cleanup.add(() => agent.destroy());
  return (method: string, path: string, body?: object): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { 'content-type': 'application/json' };
      const request = http.request({ port, host: '127.0.0.1', agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          // The socket goes back to its pool only after this event.
          setImmediate(() =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          ),
        );
      });
      request.once('error', reject);
      request.end(text);
    });
}

/** Settles when what has come over a bare socket holds a text; by default, the end of a chunked body. */
export function receivedUntil(client: RawClient, wanted = '\r\n0\r\n\r\n'): Promise<Buffer> {
  return new Promise((resolve) => {
    const look = (): void => {
      const all = client.received();
      if (!all.includes(wanted)) return;
      client.socket.off('data', look);
      resolve(all);
    };
    client.socket.on('data', look);
    look();
  });
}
