/**
 * Time from request to answer on one connection, of several servers in turn: a few requests to one, a
 * few to the next. Whatever else the machine does so strikes all of them alike, and this client's own
 * share is in each and cancels out.
 */
import { once } from 'node:events';
import net from 'node:net';
import { median, quantile } from './statistics.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: bench\r\n\r\n';
/** Requests to one server before it is the next one's turn: some milliseconds. */
const TURN_REQUESTS = 30;
/** The first of a turn do not count: whoever had the turn before may still be at work on something. */
const TURN_UNCOUNTED = 5;
/** Some thousand requests to each, and so many windows in a round. */
const WINDOW_MS = 500;
const WINDOWS = 10;
const SILENT_MS_MAX = 10_000;

export interface Latency {
  msP50: number;
  msP99: number;
}

/**
 * Measures all together, in the order of `ports`. The medians of several windows: what strikes the
 * machine for a moment spoils the p99 of one window, not of them all.
 */
export async function measureLatencies(ports: readonly number[]): Promise<Latency[]> {
  const windows: Latency[][] = [];
  for (let i = 0; i < WINDOWS; i++) windows.push(await measureWindow(ports));
  return ports.map((_, i) => ({
    msP50: median(windows.map((window) => window[i]?.msP50 ?? Number.NaN)),
    msP99: median(windows.map((window) => window[i]?.msP99 ?? Number.NaN)),
  }));
}

async function measureWindow(ports: readonly number[]): Promise<Latency[]> {
  const pingers = await Promise.all(ports.map((port) => Pinger.connect(port)));
  try {
    const until = performance.now() + WINDOW_MS;
    while (performance.now() < until) {
      // There and back, so that nobody comes after the same one always.
      for (const pinger of pingers) await pinger.takeTurn();
      for (const pinger of pingers.toReversed()) await pinger.takeTurn();
    }
    return pingers.map(({ times }) => ({ msP50: quantile(times, 0.5), msP99: quantile(times, 0.99) }));
  } finally {
    for (const pinger of pingers) pinger.close();
  }
}

/** One connection that asks again as soon as it is answered; no promise per request, which would be measured too. */
class Pinger {
  readonly times: number[] = [];
  readonly #socket: net.Socket;
  #leftRequests = 0;
  #sentMs = 0;
  #settle: { resolve(): void; reject(error: Error): void } | null = null;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', () => {
      const tookMs = performance.now() - this.#sentMs;
      if (this.#leftRequests <= TURN_REQUESTS - TURN_UNCOUNTED) this.times.push(tookMs);
      if (--this.#leftRequests > 0) this.#send();
      else this.#settle?.resolve();
    });
    socket.on('error', (error) => this.#settle?.reject(error));
    socket.on('close', () =>
      this.#settle?.reject(new Error('the connection was closed while latency was measured')),
    );
    socket.setTimeout(SILENT_MS_MAX, () => socket.destroy());
  }

  static async connect(port: number): Promise<Pinger> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Pinger(socket);
  }

  takeTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#leftRequests = TURN_REQUESTS;
      this.#send();
    });
  }

  close(): void {
    this.#settle = null;
    this.#socket.destroy();
  }

  #send(): void {
    this.#sentMs = performance.now();
    this.#socket.write(REQUEST);
  }
}
