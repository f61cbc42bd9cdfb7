/**
 * Which scenarios may run beside each other. One that found the machine too busy to judge by runs again alone, and
 * from then on one fewer than then run at once: a slow machine makes a suite slow, and not red.
 *
 * It holds across processes, since each of Jest's workers is one. A turn is a socket that its holder listens on:
 * whoever waits for it is connected, and the kernel ends that whatever becomes of the holder.
 */
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** Held while it is decided who begins, and by one that runs alone until it is done. */
const GATE = 'gate';
const RUNNING = 'running-';
const AT_MOST = 'at-most-';

let taken = 0;

/** Disposing of it ends the turn. */
export interface Turn extends AsyncDisposable {
  /** Says that the machine could not bear those that ran when this turn began. */
  tooBusy(): Promise<void>;
}

export class Turns {
  /** Turns of the same folder know of each other. Its path is short: names of sockets have a limit of 100 bytes. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Turns that nobody else knows of; the folder goes when they are disposed of. */
  static async open(): Promise<Turns & AsyncDisposable> {
    const turns = new Turns(await mkdtemp(path.join(os.tmpdir(), 'tripcurve-turns-')));
    return Object.assign(turns, {
      [Symbol.asyncDispose]: () => rm(turns.dir, { recursive: true, force: true }),
    });
  }

  /** Waits until one may run: alone, or beside others. */
  async take(alone: boolean): Promise<Turn> {
    const gate = await this.#hold(GATE);
    for (;;) {
      const names = await readdir(this.dir);
      const running = names.filter((name) => name.startsWith(RUNNING));
      const most = alone ? 1 : Math.min(...numbersAfter(AT_MOST, names));
      if (running.length < most) return await this.#turn(gate, running.length + 1, alone);
      await Promise.race(running.map((name) => this.#gone(name)));
    }
  }

  async #turn(gate: AsyncDisposable, atOnce: number, alone: boolean): Promise<Turn> {
    const held = alone ? gate : await this.#hold(`${RUNNING}${process.pid}-${taken++}`);
    if (!alone) await gate[Symbol.asyncDispose]();
    return {
      tooBusy: () => writeFile(path.join(this.dir, `${AT_MOST}${Math.max(1, atOnce - 1)}`), ''),
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
  }

  async #hold(name: string): Promise<AsyncDisposable> {
    for (;;) {
      const waiting = new Set<net.Socket>();
      const server = net.createServer((socket) => {
        waiting.add(socket);
        socket.on('error', () => {}).once('close', () => waiting.delete(socket));
      });
      try {
        server.listen(path.join(this.dir, name));
        await once(server, 'listening');
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE') throw error;
        await this.#gone(name);
        continue;
      }
      return {
        async [Symbol.asyncDispose]() {
          server.close();
          for (const socket of waiting) socket.destroy();
          await once(server, 'close');
        },
      };
    }
  }

  /** Waits until nobody holds a name any more; what a holder that was killed has left is removed. */
  async #gone(name: string): Promise<void> {
    const file = path.join(this.dir, name);
    const socket = net.connect(file).resume();
    await once(socket, 'close').catch(async (error: unknown) => {
      if (codeOf(error) === 'ECONNREFUSED') await rm(file, { force: true });
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function numbersAfter(prefix: string, names: readonly string[]): number[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)));
}
