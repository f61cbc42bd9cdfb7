/** A TCP relay before a database that a test can cut, hang, or make swallow exactly one answer. */
import net, { type AddressInfo } from 'node:net';

export interface Cuttable extends AsyncDisposable {
  readonly port: number;
  /** `cut` closes and refuses; `hang` delivers nothing in either direction; `well` relays again. */
  be(state: 'well' | 'cut' | 'hang'): void;
  /** The next answer of the database is lost, together with its connection: the statement was run. */
  loseNextAnswer(): void;
  /** Bytes that clients sent since the start, as text. */
  sent(): string;
}

export async function cuttable(upstreamPort: number): Promise<Cuttable> {
  let state: 'well' | 'cut' | 'hang' = 'well';
  let losesNext = false;
  let sent = '';
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(upstreamPort, '127.0.0.1');
    const destroyBoth = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', destroyBoth);
      socket.on('close', () => {
        sockets.delete(socket);
        destroyBoth();
      });
    }
    if (state === 'cut') return destroyBoth();
    client.on('data', (chunk) => {
      sent += chunk.toString('latin1');
      if (state === 'well') upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (losesNext) {
        losesNext = false;
        destroyBoth();
      } else if (state === 'well') client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    be(next) {
      state = next;
      if (next === 'cut') destroyAll();
    },
    loseNextAnswer() {
      losesNext = true;
    },
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      destroyAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
