/**
 * One link: a listener in front of one dependency, the faults armed on it, and the connections that
 * pass. It decides which connection a toxic hits, lifts what has expired, and stamps every fault event
 * itself. It knows no API: whoever configures it has validated what it is given.
 */
import net from 'node:net';
import { messageOf } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { seededRandom, seedFor } from '../model/random.ts';
import { type Clock, toMs } from '../model/time.ts';
import type { Address, Upstream } from './address.ts';
import { openBlackHole } from './black-hole.ts';
import { Chooser } from './chooser.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { type Conversation, type ConversationEnds, tcpConversation } from './conversation.ts';
import { type Counters, newCounters } from './counters.ts';
import { HttpConversation } from './http/conversation.ts';
import type { HttpFault, HttpFaultType } from './http/fault.ts';
import { RetryLedger } from './http/retries.ts';
import { Leases } from './leases.ts';
import { PostgresConversation } from './postgres/conversation.ts';
import type { PostgresFault } from './postgres/fault.ts';
import { PostgresSessions } from './postgres/sessions.ts';
import type { ProtocolFault } from './protocol-fault.ts';
import { Toxic, type ToxicSpec } from './toxic.ts';

/** What a link can read from the bytes. */
export type Protocol = 'http' | 'postgres' | 'tcp';

export interface LinkOptions {
  name: string;
  listen: Address;
  upstream: Upstream;
  protocol: Protocol;
  /** Decides toxicity, jitter and every other draw. */
  seed: number;
  now: Clock;
  emit(event: Unnumbered<HistoryEvent>): void;
}

/** A protocol fault as it is asked for. */
export type ProtocolFaultSpec = Pick<ProtocolFault, 'name' | 'kind' | 'attributes' | 'spec'>;

/**
 * What closes the listener, and the fault id under which it appears in the history: a listener can be
 * closed only once. `down`: the kernel refuses. `black_hole`: nobody answers the dial.
 */
export const DOWN = 'down';
export const BLACK_HOLE = 'black_hole';
export type Closed = typeof DOWN | typeof BLACK_HOLE;

export class Link {
  readonly name: string;
  readonly protocol: Protocol;
  readonly counters: Counters = newCounters();
  readonly #options: LinkOptions;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  readonly #toxics: Toxic[] = [];
  readonly #faults: ProtocolFault[] = [];
  readonly #lifting = new Map<ProtocolFault, AbortController>();
  readonly #ledger = new RetryLedger();
  readonly #sessions = new PostgresSessions();
  readonly #leases = new Leases((error, fault) => {
    const text = `link ${this.name}: ${fault} has expired and could not be lifted: ${messageOf(error)}`;
    this.#options.emit({ kind: 'note', t: this.#options.now(), text });
  });
  #listen: Address;
  #upstream: Upstream;
  #server: net.Server | null = null;
  #closed: Closed | null = null;
  #closeBlackHole: (() => Promise<void>) | null = null;
  #lastChange: Promise<void> = Promise.resolve();
  #isDisposed = false;

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

  get upstream(): Upstream {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  get toxics(): readonly Toxic[] {
    return this.#toxics;
  }

  get faults(): readonly ProtocolFault[] {
    return this.#faults;
  }

  /** Opens the listener. @throws the system's error where the address is taken or not ours. */
  enable(): Promise<void> {
    return this.#inTurn(() => this.#open());
  }

  /** Closes the listener and every connection: new ones are refused by the kernel. */
  disable(): Promise<void> {
    return this.#inTurn(() => this.#shut());
  }

  /** Takes the link out of use for good: {@link disable}, and nothing enables it any more, no lease either. */
  dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#leases.endAll();
    return this.disable();
  }

  /**
   * Closes the listener as a fault, recorded and attributed. `down`: connections are closed and new ones
   * refused. `black_hole`: connections fall silent, and the dial of new ones is never answered.
   */
  cut(how: Closed = DOWN, expiresMs?: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isDisposed) return; // its lease would outlive it
      this.#noteRestored();
      this.#closed = how;
      this.#note(how, 'injected', { type: how, attributes: {} });
      for (const connection of this.#connections) connection.mark(how);
      if (how === DOWN) await this.#shut();
      else await this.#fallSilent();
      this.#leases.begin(how, how, expiresMs, () => this.restore());
    });
  }

  /** Ends {@link cut}. @throws the system's error where the address has been taken meanwhile. */
  restore(): Promise<void> {
    return this.#inTurn(() => this.#reopen());
  }

  /** Names of the faults that others inject on this hop. */
  get shadows(): readonly string[] {
    return [...this.#shadows.keys()];
  }

  /** What holds the listener closed, if anything does. */
  get closed(): Closed | null {
    return this.#closed;
  }

  /** Moves the link; live connections are closed, as in Toxiproxy. */
  move(listen: Address, upstream: Upstream): Promise<void> {
    return this.#inTurn(async () => {
      const wasEnabled = this.enabled;
      await this.#shut();
      this.#listen = listen;
      this.#upstream = upstream;
      if (wasEnabled) await this.#open();
      else if (this.#closed === BLACK_HOLE) await this.#fallSilent();
    });
  }

  /** Sends new connections to where the dependency is now; live ones are left as they are. */
  redirect(upstream: Upstream): void {
    this.#upstream = upstream;
  }

  /** Arms a toxic for new connections and for live ones. */
  addToxic(spec: ToxicSpec): Toxic {
    const toxic = new Toxic(spec, this.#dice(`toxic ${spec.name}`));
    this.#note(toxic.name, 'injected', asFault(toxic));
    this.#toxics.push(toxic);
    for (const connection of [...this.#connections]) this.#roll(connection, toxic);
    this.#leases.begin(toxic, toxic.name, spec.expiresMs, () => this.removeToxic(toxic));
    return toxic;
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
    this.#leases.end(toxic);
    for (const connection of [...this.#connections]) connection.remove(toxic);
    this.#note(toxic.name, 'healed', null);
  }

  /** Arms a fault above TCP; it must be one for this link's protocol. */
  addFault({ name, kind, attributes, spec }: ProtocolFaultSpec): ProtocolFault {
    const { arm } = kind as Pick<HttpFaultType, 'arm'>;
    const nowMs = (): number => toMs(this.#options.now());
    const lifting = new AbortController();
    const fault: ProtocolFault = {
      name,
      kind,
      attributes,
      spec,
      chooser: new Chooser(spec, this.#dice(`fault ${name}`)),
      state: arm?.(attributes, { nowMs }),
      lifted: lifting.signal,
    };
    this.#lifting.set(fault, lifting);
    this.#note(name, 'injected', spec);
    this.#faults.push(fault);
    this.#leases.begin(fault, name, spec.expiresMs, () => this.removeFault(fault));
    return fault;
  }

  removeFault(fault: ProtocolFault): void {
    const index = this.#faults.indexOf(fault);
    if (index === -1) return;
    this.#faults.splice(index, 1);
    this.#lifting.get(fault)?.abort();
    this.#lifting.delete(fault);
    this.#leases.end(fault);
    this.#note(fault.name, 'healed', null);
  }

  /**
   * Notes a fault that somebody else injects on this hop (a real Toxiproxy behind it, a signal to the
   * dependency), so that what passes meanwhile is attributed to it. `spec` null: it is over.
   * @param acts false: it acts before anything reaches this hop, so what does reach it was not hit
   */
  shadow(name: string, spec: Fault | null, acts = true): void {
    if (spec === null && !this.#shadows.has(name)) return;
    if (spec === null) this.#shadows.delete(name);
    else this.#shadows.set(name, acts);
    for (const connection of this.#connections) {
      if (spec === null) connection.unmark(name);
      else if (acts) connection.mark(name);
    }
    this.#note(name, spec === null ? 'healed' : 'injected', spec);
  }

  /** Names of the faults that others inject, and whether they act on what passes. */
  readonly #shadows = new Map<string, boolean>();

  /** One change of the listener after the other: two at once would bind twice, or leave one behind. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change);
    this.#lastChange = done.catch(() => {});
    return done;
  }

  async #open(): Promise<void> {
    if (this.#server !== null || this.#isDisposed) return;
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

  async #shut(): Promise<void> {
    const closed = this.#closeListener();
    await this.#closeBlackHole?.();
    this.#closeBlackHole = null;
    for (const connection of [...this.#connections]) connection.destroy();
    await closed;
  }

  async #reopen(): Promise<void> {
    const how = this.#closed;
    if (how === BLACK_HOLE) {
      await this.#closeBlackHole?.();
      this.#closeBlackHole = null;
    }
    await this.#open();
    // What was sent into the hole goes on now, late, as TCP sends it again when a partition is over.
    if (how === BLACK_HOLE) {
      for (const connection of [...this.#connections]) {
        connection.unmark(how);
        connection.silence(false);
      }
    }
    this.#noteRestored();
  }

  async #fallSilent(): Promise<void> {
    for (const connection of this.#connections) connection.silence(true);
    void this.#closeListener(); // settles only when its connections are gone, and they stay
    try {
      this.#closeBlackHole ??= await openBlackHole(this.#listen);
    } catch (error) {
      await this.#reopen(); // a cut that did not come about must not stay half done
      throw error;
    }
  }

  #noteRestored(): void {
    const how = this.#closed;
    if (how === null) return;
    this.#closed = null;
    this.#leases.end(how);
    this.#note(how, 'healed', null);
  }

  /** From its return on the kernel refuses; settles when the connections that came through it are gone too. */
  #closeListener(): Promise<void> {
    const server = this.#server;
    if (server === null) return Promise.resolve();
    this.#server = null;
    return new Promise((resolve) => server.close(() => resolve()));
  }

  #accept(socket: net.Socket): void {
    const connection = new Connection(++this.counters.connections, socket, this.#host);
    this.counters.open++;
    this.#connections.add(connection);
    for (const [name, acts] of this.#shadows) if (acts) connection.mark(name);
    for (const toxic of this.#toxics) {
      if (toxic.kind.onlyLive !== true) this.#roll(connection, toxic);
    }
  }

  /** Draws once, when connection and toxic meet, whether the one hits the other. */
  #roll(connection: Connection, toxic: Toxic): void {
    if (toxic.hits()) connection.add(toxic);
  }

  #dice(name: string): () => number {
    return seededRandom(seedFor(this.#options.seed, name));
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
      counters: this.counters,
      now: () => this.#options.now(),
      emit: (event) => this.#options.emit(event),
      random: () => this.#random(),
      converse: (ends) => this.#converse(ends),
      onClosed: (connection) => {
        if (this.#connections.delete(connection)) this.counters.open--;
      },
    };
  }

  #converse(ends: ConversationEnds): Conversation {
    switch (this.protocol) {
      case 'http':
        return new HttpConversation(ends, this.#faults as HttpFault[], this.#ledger);
      case 'postgres':
        return new PostgresConversation(ends, this.#faults as PostgresFault[], this.#sessions);
      case 'tcp':
        return tcpConversation(ends);
    }
  }
}

/** Node's default of 511 drops connections in a herd of 2,000; the kernel caps it anyway. */
const LISTEN_BACKLOG = 4_096;

/** The toxic as the data it was made from. */
export function asFault(toxic: Toxic): Fault {
  const { kind, attributes, stream, toxicity, match, times, expiresMs } = toxic;
  return {
    type: kind.type,
    attributes,
    stream,
    toxicity,
    ...(Object.keys(match).length === 0 ? {} : { match }),
    ...(times === undefined ? {} : { times }),
    ...(expiresMs === undefined ? {} : { expiresMs }),
  };
}
