/**
 * One link: a listener in front of one dependency, the faults armed on it, and the connections that
 * pass. It decides which connection a toxic hits and stamps every fault event itself. It knows no
 * API: whoever configures it has validated what it is given.
 */
import net from 'node:net';
import type { Fault } from '../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { seededRandom } from '../model/random.ts';
import type { Clock } from '../model/time.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { type Conversation, type ConversationEnds, tcpConversation } from './conversation.ts';
import { HttpConversation } from './http/conversation.ts';
import type { HttpFault } from './http/fault.ts';
import { PostgresConversation } from './postgres/conversation.ts';
import type { Toxic } from './toxic.ts';

/** What a link can read from the bytes. */
export type Protocol = 'http' | 'postgres' | 'tcp';

/** `host:port`, taken apart. */
export interface Address {
  host: string;
  port: number;
}

export interface LinkOptions {
  name: string;
  listen: Address;
  upstream: Address;
  protocol: Protocol;
  /** Decides toxicity and jitter. */
  seed: number;
  now: Clock;
  emit(event: Unnumbered<HistoryEvent>): void;
}

/** The fault id under which a disabled link appears in the history: a link can be down only once. */
export const DOWN = 'down';

export class Link {
  readonly name: string;
  readonly protocol: Protocol;
  readonly #options: LinkOptions;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  readonly #toxics: Toxic[] = [];
  readonly #httpFaults: HttpFault[] = [];
  #listen: Address;
  #upstream: Address;
  #server: net.Server | null = null;
  #connectionCount = 0;

  constructor(options: LinkOptions) {
    this.name = options.name;
    this.protocol = options.protocol;
    this.#options = options;
    this.#listen = options.listen;
    this.#upstream = options.upstream;
    this.#random = seededRandom(options.seed);
  }

  /** Where it listens; the real port once it has been enabled. */
  get listen(): Address {
    return this.#listen;
  }

  get upstream(): Address {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  get toxics(): readonly Toxic[] {
    return this.#toxics;
  }

  get httpFaults(): readonly HttpFault[] {
    return this.#httpFaults;
  }

  /** Opens the listener. @throws the system's error where the address is taken or not ours. */
  async enable(): Promise<void> {
    if (this.#server !== null) return;
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...this.#listen, backlog: LISTEN_BACKLOG }, () => resolve());
    });
    server.on('error', () => {}); // a single failed accept (no file descriptor left) must not end the link
    const { port } = server.address() as net.AddressInfo;
    this.#listen = { host: this.#listen.host, port };
    this.#server = server;
  }

  /** Closes the listener and every connection: new ones are refused by the kernel. */
  async disable(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of [...this.#connections]) connection.destroy();
    await closed;
  }

  /** Makes dependencies refuse as a fault: {@link disable}, recorded and attributed. */
  async cut(): Promise<void> {
    this.#note(DOWN, 'injected', { type: DOWN, attributes: {} });
    for (const connection of this.#connections) connection.touch(DOWN);
    await this.disable();
  }

  /** Ends {@link cut}. */
  async restore(): Promise<void> {
    await this.enable();
    this.#note(DOWN, 'healed', null);
  }

  /** Moves the link; live connections are closed, as in Toxiproxy. */
  async move(listen: Address, upstream: Address): Promise<void> {
    const wasEnabled = this.enabled;
    await this.disable();
    this.#listen = listen;
    this.#upstream = upstream;
    if (wasEnabled) await this.enable();
  }

  /** Arms a toxic for new connections and for live ones. */
  addToxic(toxic: Toxic): void {
    this.#note(toxic.name, 'injected', asFault(toxic));
    this.#toxics.push(toxic);
    for (const connection of [...this.#connections]) this.#roll(connection, toxic);
  }

  /** Changes a toxic where it is; connections it was drawn for stay drawn. */
  updateToxic(toxic: Toxic, change: { attributes: Record<string, unknown>; toxicity: number }): void {
    toxic.attributes = change.attributes;
    toxic.toxicity = change.toxicity;
    this.#note(toxic.name, 'injected', asFault(toxic));
  }

  removeToxic(toxic: Toxic): void {
    const index = this.#toxics.indexOf(toxic);
    if (index === -1) return;
    this.#toxics.splice(index, 1);
    for (const connection of [...this.#connections]) connection.remove(toxic);
    this.#note(toxic.name, 'healed', null);
  }

  addHttpFault(fault: HttpFault): void {
    this.#note(fault.name, 'injected', fault.spec);
    this.#httpFaults.push(fault);
  }

  removeHttpFault(fault: HttpFault): void {
    const index = this.#httpFaults.indexOf(fault);
    if (index === -1) return;
    this.#httpFaults.splice(index, 1);
    this.#note(fault.name, 'healed', null);
  }

  #accept(socket: net.Socket): void {
    const connection = new Connection(++this.#connectionCount, socket, this.#host);
    this.#connections.add(connection);
    for (const toxic of this.#toxics) this.#roll(connection, toxic);
  }

  /** Draws once, when connection and toxic meet, whether the one hits the other. */
  #roll(connection: Connection, toxic: Toxic): void {
    if (this.#random() < toxic.toxicity) connection.add(toxic);
  }

  #note(fault: string, what: 'injected' | 'healed', spec: Fault | null): void {
    this.#options.emit({ kind: 'fault', t: this.#options.now(), link: this.name, fault, what, spec });
  }

  readonly #host: ConnectionHost = this.#makeHost();

  #makeHost(): ConnectionHost {
    const link = this;
    return {
      get link() {
        return link.name;
      },
      get upstream() {
        return link.#upstream;
      },
      now: () => this.#options.now(),
      emit: (event) => this.#options.emit(event),
      random: () => this.#random(),
      converse: (ends) => this.#converse(ends),
      onClosed: (connection) => this.#connections.delete(connection),
    };
  }

  #converse(ends: ConversationEnds): Conversation {
    switch (this.protocol) {
      case 'http':
        return new HttpConversation(ends, this.#httpFaults);
      case 'postgres':
        return new PostgresConversation(ends);
      case 'tcp':
        return tcpConversation(ends);
    }
  }
}

/** Node's default of 511 drops connections in a herd of 2,000; the kernel caps it anyway. */
const LISTEN_BACKLOG = 4_096;

function asFault(toxic: Toxic): Fault {
  const { kind, attributes, stream, toxicity } = toxic;
  return { type: kind.type, attributes, stream, toxicity };
}
