/** One side of a comparison on the wire: a server, ours or a real one, and what a raw client sees through it. */
import net from 'node:net';
import { freePort } from '../../harness/environment/free-port.ts';
import { within } from '../../harness/model/deadline.ts';
import { send } from './api-call.ts';
import { Cleanup, connect, echoServer, listen, type RawClient, recorded } from './sockets.ts';

/** Whatever a test waits for has come by then, also on a busy machine. */
const SEEN_LIMIT_MS = 8_000;

/** Servers behind the proxies of one side. */
export interface Upstreams {
  /** Sends back what comes. */
  echo: number;
  /** Says `last words` and closes. */
  speaker: number;
  /** Answers when the client has sent its FIN. */
  patient: number;
  /** Resets the connection at its first bytes. */
  rude: number;
  /** Takes everything and says nothing. */
  sink: number;
  /** Nobody listens there. */
  nobody: number;
  /** The next connection to the sink. */
  visitor(): Visitor;
}

/** A connection as the server behind the proxy sees it. */
export interface Visitor {
  got(byteCount: number): Promise<string>;
  end(): Promise<Ending>;
}

/** `fin` or an error's code, and all that came before. */
export interface Ending {
  bytes: string;
  end: string;
}

export async function startUpstreams(cleanup: Cleanup): Promise<Upstreams> {
  const waiting: ((client: Client) => void)[] = [];
  const sink = net.createServer((socket) => waiting.shift()?.(toClient(recorded(socket))));
  const speaker = net.createServer((socket) => socket.end('last words'));
  const patient = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume().once('end', () => socket.end('answer'));
  });
  const rude = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  return {
    echo: await listen(cleanup, echoServer()),
    speaker: await listen(cleanup, speaker),
    patient: await listen(cleanup, patient),
    rude: await listen(cleanup, rude),
    sink: await listen(cleanup, sink),
    nobody: await freePort(),
    visitor: () => {
      const next = new Promise<Client>((resolve) => waiting.push(resolve));
      const visitor = within(SEEN_LIMIT_MS, 'a connection to the sink', next);
      visitor.catch(() => {}); // told to whoever asks
      return {
        got: async (byteCount) => (await visitor).got(byteCount),
        end: async () => (await visitor).end(),
      };
    },
  };
}

/** A proxy on one side. */
export interface TestProxy {
  port: number;
  /** `METHOD /path body` below this proxy; the path may be empty. Fails where the answer is an error. */
  call(call: string): Promise<unknown>;
  dial(): Promise<Client>;
}

/** A raw client whose waits end. */
export interface Client {
  socket: net.Socket;
  /** Sends, and waits for as many bytes to come back. */
  echo(text: string): Promise<string>;
  got(byteCount: number): Promise<string>;
  /** Settles at so many bytes, or at the end. */
  gotOrEnded(byteCount: number): Promise<void>;
  received(): string;
  end(): Promise<Ending>;
}

export class Side {
  readonly url: string;
  readonly up: Upstreams;
  readonly #cleanup: Cleanup;
  readonly #start: (cleanup: Cleanup) => Promise<string>;
  #proxies = 0;

  /** @param start starts another server of this side's kind */
  constructor(url: string, up: Upstreams, cleanup: Cleanup, start: (cleanup: Cleanup) => Promise<string>) {
    this.url = url;
    this.up = up;
    this.#start = start;
    this.#cleanup = cleanup;
  }

  /** Another server of the same kind, for a test that may end it. */
  async another(): Promise<Side & AsyncDisposable> {
    const cleanup = new Cleanup();
    const side = new Side(await this.#start(cleanup), this.up, cleanup, this.#start);
    return Object.assign(side, { [Symbol.asyncDispose]: () => cleanup.run() });
  }

  /** Makes a proxy with toxics. */
  async proxy(upstreamPort: number, ...toxics: object[]): Promise<TestProxy> {
    const name = `p${++this.#proxies}`;
    const made = await this.call(
      `POST /proxies {"name":"${name}","upstream":"127.0.0.1:${upstreamPort}","listen":"127.0.0.1:0"}`,
    );
    const { port } = new URL(`tcp://${(made as { listen: string }).listen}`);
    const proxy: TestProxy = {
      port: Number(port),
      call: (call) => this.call(call.replace(' ', ` /proxies/${name}`)),
      dial: async () => toClient(await connect(this.#cleanup, Number(port))),
    };
    for (const toxic of toxics) await proxy.call(`POST /toxics ${JSON.stringify(toxic)}`);
    return proxy;
  }

  async call(call: string): Promise<unknown> {
    const { status = 0, body, text } = await send(this.url, call);
    if (status >= 300) throw new Error(`${call} was answered ${status} ${text}`);
    return body;
  }
}

function toClient({ socket, received, got, ended }: RawClient): Client {
  const seen = (): string => received().toString('latin1');
  const client: Client = {
    socket,
    received: seen,
    got: async (byteCount) => {
      await within(SEEN_LIMIT_MS, `${byteCount} bytes to come`, got(byteCount));
      return seen();
    },
    gotOrEnded: async (byteCount) => {
      await within(SEEN_LIMIT_MS, 'bytes or an end', Promise.race([got(byteCount), ended]));
    },
    echo: async (text) => {
      const before = seen().length;
      socket.write(text);
      return (await client.got(before + text.length)).slice(before);
    },
    end: async () => {
      const end = await within(SEEN_LIMIT_MS, 'the connection to end', ended);
      return { bytes: seen(), end };
    },
  };
  return client;
}

/** How long something takes, in ms. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await act();
  return performance.now() - fromMs;
}
