/**
 * The front door of a target whose processes come and go: one address that stays, and behind it whoever takes
 * requests at the moment, in turn, connection by connection. It knows bytes only. Connections that are open stay
 * with the process they are at; ending them in good order is that process's own business.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Address } from '../link/address.ts';

export class Door {
  readonly #server: net.Server;
  #behind: readonly Address[] = [];
  #turn = 0;

  private constructor() {
    // A client that has said all it has to say still waits for its answer.
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#letIn(client));
  }

  /** Opens one on a free port of loopback; nobody is behind it yet. */
  static async open(): Promise<Door> {
    const door = new Door();
    door.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(door.#server, 'listening');
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** Who is behind it from now on. With nobody, whoever comes is reset. */
  leadsTo(behind: readonly Address[]): void {
    this.#behind = behind;
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#server.close();
  }

  #letIn(client: net.Socket): void {
    const address = this.#behind[this.#turn++ % Math.max(1, this.#behind.length)];
    if (address === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const inside = net.connect({ ...address, allowHalfOpen: true, noDelay: true });
    // One side that breaks off breaks the other off too; an end in good order is passed on by the pipes.
    client.on('error', () => inside.destroy());
    inside.on('error', () => client.resetAndDestroy());
    client.pipe(inside);
    inside.pipe(client);
  }
}
