/** Small real servers and clients for tests of links; everything closes with the test. */
import net from 'node:net';
import { Link, type LinkOptions } from '../../harness/link/link.ts';
import type { EventOf, HistoryEvent, Unnumbered } from '../../harness/model/history.ts';
import { clockFrom } from '../../harness/model/time.ts';

/** Runs after the test, last made first. */
export class Cleanup {
  readonly #jobs: (() => unknown)[] = [];

  add(job: () => unknown): void {
    this.#jobs.push(job);
  }

  async run(): Promise<void> {
    for (const job of this.#jobs.splice(0).reverse()) await job();
  }
}

/** Room for a test that opens thousands of connections at once; Node's default is 511. */
const BACKLOG = 4_096;

/** Listens on a port of the kernel's choice. */
export async function listen(cleanup: Cleanup, server: net.Server): Promise<number> {
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(0, '127.0.0.1', BACKLOG, resolve),
  );
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as net.AddressInfo).port;
}

/** Sends back whatever comes. */
export function echoServer(): net.Server {
  return net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
}

type Seen = Unnumbered<HistoryEvent>;

/** A link on loopback with the events it reported. */
export interface TestLink {
  link: Link;
  port: number;
  events: Seen[];
  of<K extends HistoryEvent['kind']>(kind: K): Unnumbered<EventOf<K>>[];
  /** Settles when an event satisfies `wanted`; fails with `what` after the deadline. */
  saw(what: string, wanted: (event: Seen) => boolean): Promise<Seen>;
}

const SAW_LIMIT_MS = 4_000;

export async function startLink(
  cleanup: Cleanup,
  upstreamPort: number,
  options: Partial<Pick<LinkOptions, 'protocol' | 'seed'>> = {},
): Promise<TestLink> {
  const events: Seen[] = [];
  const waiting = new Set<() => void>();
  const link = new Link({
    name: 'llm',
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: '127.0.0.1', port: upstreamPort },
    protocol: options.protocol ?? 'tcp',
    seed: options.seed ?? 1,
    now: clockFrom(process.hrtime.bigint()),
    emit: (event) => {
      events.push(event);
      for (const look of waiting) look();
    },
  });
  await link.enable();
  cleanup.add(() => link.dispose());
  return {
    link,
    port: link.listen.port,
    events,
    of: <K extends HistoryEvent['kind']>(kind: K) =>
      events.filter((event): event is Unnumbered<EventOf<K>> & Seen => event.kind === kind),
    saw: (what, wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(wanted);
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve(found);
        };
        const late = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`waited ${SAW_LIMIT_MS} ms in vain for ${what}; saw ${JSON.stringify(events)}`));
        }, SAW_LIMIT_MS);
        waiting.add(look);
        look();
      }),
  };
}

/** A raw client: collects what comes and tells how the connection ended. */
export interface RawClient {
  socket: net.Socket;
  received(): Buffer;
  /** Settles when at least `byteCount` bytes have come. */
  got(byteCount: number): Promise<Buffer>;
  /** `fin`, or the error code. */
  ended: Promise<string>;
}

export async function connect(cleanup: Cleanup, port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  cleanup.add(() => socket.destroy());
  const client = recorded(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return client;
}

/** Collects what comes on a socket, whoever opened it. */
export function recorded(socket: net.Socket): RawClient {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('fin'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    for (const look of waiting) look();
  });
  return {
    socket,
    received: () => Buffer.concat(chunks),
    got: (byteCount) =>
      new Promise((resolve) => {
        const look = (): void => {
          const all = Buffer.concat(chunks);
          if (all.length < byteCount) return;
          waiting.delete(look);
          resolve(all);
        };
        waiting.add(look);
        look();
      }),
    ended,
  };
}
