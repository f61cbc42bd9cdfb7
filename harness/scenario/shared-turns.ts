/**
 * Turns that several processes share, since each of Jest's workers is one: the process that all of them come from hands
 * them out. A turn is a connection: it begins when the server says so, and ends with the connection, whatever becomes of
 * who holds it.
 */
import { once } from 'node:events';
import net from 'node:net';
import { EnvironmentError } from '../model/errors.ts';
import type { Turn, Turns } from './turns.ts';

const ALONE = 'alone';
const BESIDE = 'beside';
const GO = 'go';
const UP = 'up';
const TOO_BUSY = 'too busy';

/** Hands out turns on loopback until this process ends, which it does not put off. @returns the port */
export async function serveTurns(turns: Turns): Promise<number> {
  const server = net.createServer((socket) => {
    let turn: Turn | undefined;
    const end = (): void => turn?.[Symbol.dispose]();
    socket
      .setEncoding('utf8')
      .on('error', () => {})
      .once('close', end);
    socket.on('data', async (data) => {
      const said = String(data);
      if (said === UP) turn?.up();
      else if (said === TOO_BUSY) turn?.tooBusy();
      else turn = await turns.take(said === ALONE);
      if (socket.destroyed) end();
      else socket.write(GO);
    });
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

/** Turns that the server at this port hands out. */
export function turnsFrom(port: number): Turns {
  return {
    async take(alone) {
      const socket = net.connect(port, '127.0.0.1').setNoDelay();
      const told = async (said: string): Promise<void> => {
        socket.write(said);
        await Promise.race([once(socket, 'data'), once(socket, 'close').then(gone)]);
      };
      await told(alone ? ALONE : BESIDE);
      return {
        up: () => void told(UP).catch(() => {}),
        tooBusy: () => void told(TOO_BUSY).catch(() => {}),
        [Symbol.dispose]: () => void socket.end(),
      };
    },
  };
}

function gone(): never {
  throw new EnvironmentError('who hands out the turns of scenarios is gone');
}
