/**
 * One connection through a link: two sockets, a pipe each way, and the conversation that watches.
 * It settles who ended it, and tells that once.
 */
import type net from 'node:net';
import type { EndedBy } from '../model/history.ts';
import type { Upstream } from './address.ts';
import type { Conversation, ConversationEnds } from './conversation.ts';
import type { Counters } from './counters.ts';
import { dial, hostHeaderOf } from './dial.ts';
import { Pipe } from './pipe.ts';
import { Toxic } from './toxic.ts';
import { still } from './toxics/still.ts';

const NO_FAULTS: readonly string[] = [];

/** Stands for the partition in both pipes. */
const STILL = new Toxic(
  { name: 'still', kind: still, stream: 'upstream', toxicity: 1, attributes: {} },
  () => 0,
);

/** A dependency that does not answer the dial within this time is taken as unreachable. */
export const DIAL_TIMEOUT_MS = 5_000;

/**
 * A dependency may leave before the target has been heard. The target then has this long to say its first word:
 * a client that gave up on a request dials anew with nothing to say (undici does), and a history must tell that
 * from an attempt. A word that comes comes at once; the rest is for busy machines.
 */
export const FIRST_WORD_MS = 250;

/** A target that has gone answers bytes with RST within this time, on any network that a rig stands in. */
export const RESET_ARRIVES_MS = 25;

/** What a connection needs from its link. */
export interface ConnectionHost extends Pick<ConversationEnds, 'link' | 'now' | 'emit'> {
  readonly upstream: Upstream;
  readonly counters: Counters;
  random(): number;
  converse(ends: ConversationEnds): Conversation;
  onClosed(connection: Connection): void;
}

export class Connection {
  readonly id: number;
  readonly #host: ConnectionHost;
  readonly #target: net.Socket;
  readonly #dependency: net.Socket;
  readonly #upstream: Pipe;
  readonly #downstream: Pipe;
  readonly #conversation: Conversation;
  readonly #faults = new Set<string>();
  /** Names of the faults at work on it now. */
  readonly #active = new Set<string>();
  #bytesUp = 0;
  #bytesDown = 0;
  readonly #openedMs = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #dialled = false;
  /** The dependency has left; this is done once the target has been heard, or has nothing to say. */
  #passOn: (() => void) | undefined;
  #firstEnder: EndedBy | undefined;
  #closed = false;

  constructor(id: number, target: net.Socket, host: ConnectionHost) {
    this.id = id;
    this.#host = host;
    this.#target = target;
    this.#dependency = dial(host.upstream, (chunk) => {
      host.counters.downstreamIn += chunk.length;
      this.#conversation.fromDependency(chunk);
      if (this.#conversation.keepsNothing === true) this.#downstream.recycle(chunk);
    });

    const shared = {
      close: () => this.close('link'),
      reset: () => this.#reset('link'),
      random: () => host.random(),
    };
    this.#upstream = new Pipe({
      ...shared,
      source: target,
      destination: this.#dependency,
      finish: () => this.#dependency.end(),
      onDelivered: (chunk) => {
        host.counters.upstreamOut += chunk.length;
      },
    });
    this.#downstream = new Pipe({
      ...shared,
      source: this.#dependency,
      destination: target,
      // Whether a target that has left read what was sent to it shows by its RST, for which the socket must be there.
      finish: () => {
        if (target.readableEnded) this.#after(RESET_ARRIVES_MS, () => target.end());
        else target.end();
      },
      onDelivered: (chunk) => {
        this.#bytesDown += chunk.length;
        host.counters.downstreamOut += chunk.length;
        this.#conversation.toTarget(chunk);
      },
    });
    this.#conversation = host.converse({
      link: host.link,
      connection: id,
      now: host.now,
      emit: (event) => host.emit(event),
      forward: (chunk) => this.#upstream.write(chunk),
      answer: (chunk) => this.#downstream.write(chunk),
      endAnswer: () => {
        this.#firstEnder ??= 'link'; // unless it passes on a FIN that has been noted already
        this.#downstream.end();
      },
      abort: (how) => (how === 'fin' ? this.close('link') : this.#reset('link')),
      // No event tells of a RST that comes after the FIN, but the kernel then knows no peer any more. Node
      // remembers the address from the first time it is asked for, which therefore must be here.
      resetArrivesMs: RESET_ARRIVES_MS,
      targetHasReset: () => target.remoteAddress === undefined,
      after: (ms, act) => this.#after(ms, act),
      random: () => host.random(),
      hostHeader: host.upstream.tls === undefined ? null : hostHeaderOf(host.upstream),
      holdDependency: (hold) => this.#downstream.hold(hold),
      holdTarget: (hold) => this.#upstream.hold(hold),
      activeFaults: () => (this.#active.size === 0 ? NO_FAULTS : [...this.#active]),
    });
    this.#emit('opened', null);
    this.#listen();
  }

  /** Puts a toxic on this connection. */
  add(toxic: Toxic): void {
    this.#on(toxic).add(toxic, performance.now() - this.#openedMs, () => {
      this.mark(toxic.name);
    });
  }

  /** Takes a toxic off this connection. */
  remove(toxic: Toxic): void {
    const wasActing = this.#active.delete(toxic.name);
    this.#on(toxic).remove(toxic);
    if (wasActing && toxic.kind.closesWhenRemoved === true) this.close('link');
  }

  #on(toxic: Toxic): Pipe {
    return toxic.stream === 'upstream' ? this.#upstream : this.#downstream;
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** From now on the fault acts on whatever this connection carries. */
  mark(faultId: string): void {
    this.#active.add(faultId);
    this.touch(faultId);
  }

  unmark(faultId: string): void {
    this.#active.delete(faultId);
  }

  /** True: nothing passes either way, and nothing is dropped, as in a partition; false: all of it goes on. */
  silence(silent: boolean): void {
    for (const pipe of [this.#upstream, this.#downstream]) {
      if (silent) pipe.add(STILL, 0, () => {});
      else pipe.remove(STILL);
    }
  }

  /** Records that a fault acted on this connection. */
  touch(faultId: string): void {
    this.#faults.add(faultId);
    this.#conversation.touched(faultId);
  }

  /** Closes both sides in order. */
  close(endedBy: EndedBy): void {
    this.#flush();
    if (!this.#settle(endedBy, false)) return;
    this.#target.destroySoon();
    this.#dependency.destroySoon();
  }

  /** Ends both sides at once, without waiting for a peer. */
  destroy(): void {
    this.#flush();
    this.#settle('link', true);
    this.#target.destroy();
    this.#dependency.destroy();
  }

  #listen(): void {
    const [target, dependency] = [this.#target, this.#dependency];
    target.on('data', (chunk: Buffer) => {
      this.#bytesUp += chunk.length;
      this.#host.counters.upstreamIn += chunk.length;
      this.#conversation.fromTarget(chunk);
      if (this.#conversation.keepsNothing === true) this.#upstream.recycle(chunk);
      this.#passOn?.();
    });
    target.on('end', () => {
      this.#firstEnder ??= 'target';
      this.#conversation.targetEnded();
      this.#upstream.end();
      this.#passOn?.();
    });
    target.on('error', () => this.#reset('target'));
    target.on('close', () => this.#finish('target', target, dependency));

    dependency.setTimeout(DIAL_TIMEOUT_MS, () => {
      if (!this.#dialled) this.#refused();
    });
    // With TLS the dependency is there when the handshake is done, not before.
    dependency.once(this.#host.upstream.tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#dialled = true;
      dependency.setTimeout(0);
    });
    dependency.on('end', () => {
      this.#onceHeard(() => {
        this.#firstEnder ??= 'dependency';
        this.#conversation.dependencyEnded();
      });
    });
    dependency.on('error', () => {
      if (this.#dialled) this.#onceHeard(() => this.#reset('dependency'));
      else this.#refused();
    });
    dependency.on('close', () => {
      if (this.#passOn === undefined) this.#finish('dependency', dependency, target);
    });
  }

  /** Passes on that the dependency has left: at once, or where nothing was said, see {@link FIRST_WORD_MS}. */
  #onceHeard(act: () => void): void {
    const wasHeard = this.#bytesUp > 0 || this.#bytesDown > 0 || this.#target.readableEnded;
    if (wasHeard || this.#conversation.targetSpeaksFirst !== true) {
      act();
      return;
    }
    const passOn = (): void => {
      if (this.#passOn !== passOn) return; // done already, or a RST has come after a FIN
      this.#passOn = undefined;
      act();
    };
    this.#passOn = passOn;
    this.#after(FIRST_WORD_MS, passOn);
  }

  /** The dependency cannot be reached: the target sees its connection closed, as behind Toxiproxy. */
  #refused(): void {
    if (this.#closed || this.#passOn !== undefined) return;
    this.#host.counters.refused++;
    this.#emit('refused', 'dependency');
    this.#onceHeard(() => this.close('dependency'));
  }

  #reset(endedBy: EndedBy): void {
    this.#flush();
    this.#settle(endedBy, true);
    // Each side learns what the other did: an abrupt end stays abrupt across the link.
    if (!this.#target.destroyed) this.#target.resetAndDestroy();
    if (!this.#dependency.destroyed) this.#dependency.resetAndDestroy();
  }

  /**
   * One socket is fully gone. Where it ended in order, the other may still have bytes to come that a
   * toxic holds, and closes by itself after them; otherwise there is nobody left to talk to.
   */
  #finish(endedBy: EndedBy, gone: net.Socket, other: net.Socket): void {
    const inOrder = gone.readableEnded && gone.writableFinished;
    if (other.destroyed || !inOrder) this.#settle(endedBy, false);
    if (!inOrder && !other.destroyed) other.destroySoon();
  }

  /** What came before the end goes out before it. */
  #flush(): void {
    this.#upstream.flush();
    this.#downstream.flush();
  }

  #settle(lastEnder: EndedBy, abrupt: boolean): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    const endedBy = this.#firstEnder ?? lastEnder; // who began to leave, not who noticed last
    this.#upstream.destroy();
    this.#downstream.destroy();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#conversation.closed(endedBy, abrupt);
    this.#emit('closed', endedBy);
    this.#host.onClosed(this);
    return true;
  }

  #emit(what: 'opened' | 'closed' | 'refused', endedBy: EndedBy | null): void {
    this.#host.emit({
      kind: 'connection',
      t: this.#host.now(),
      link: this.#host.link,
      connection: this.id,
      what,
      endedBy,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      faults: [...this.#faults],
    });
  }
}
