/**
 * Watches HTTP/1 on one connection: pairs requests with their answers, reports each exchange, and
 * lets faults have their way with requests and answers. A request is held only until its head is
 * complete, or its body where an armed fault reads bodies.
 */
import type { EndedBy } from '../../model/history.ts';
import type { Nanoseconds } from '../../model/time.ts';
import type { Conversation, ConversationEnds } from '../conversation.ts';
import { Exchange } from './exchange.ts';
import { claim, type HttpFault, needsBody } from './fault.ts';
import { FilteredAnswers } from './filtered-answers.ts';
import type { Head } from './head.ts';
import { encodeAnswer, withHeaders } from './message.ts';
import { type Framing, framingOf, MessageParser } from './parser.ts';
import { RetryLedger } from './retries.ts';

/** Requests that may be under way on one connection before we stop watching it: no client pipelines so deep. */
const UNDER_WAY_MAX = 1_024;

/** A request body longer than this is not held for faults that read bodies; they see null. */
const HELD_BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Left out of a request whose answer will be read: a compressed one could not be. `expect` we have answered. */
const LEFT_OUT = { 'accept-encoding': null, expect: null };

export class HttpConversation implements Conversation {
  readonly targetSpeaksFirst = true;
  readonly #ends: ConversationEnds;
  readonly #faults: readonly HttpFault[];
  readonly #ledger: RetryLedger;
  readonly #requests: MessageParser;
  readonly #responses: MessageParser;
  readonly #answers: FilteredAnswers;
  /** In the order of their requests; the first one's answer is the one on its way. */
  readonly #underWay: Exchange[] = [];
  /** Answered after the target had sent FIN: whether anybody read the answer shows when it closes. */
  readonly #unread: { exchange: Exchange; endT: Nanoseconds }[] = [];
  #current: Exchange | null = null;
  #requestCount = 0;
  #watching = true;
  #responseIsUntilClose = false;
  #targetEndedT: Nanoseconds | null = null;
  /** Bytes of the target that wait until an answer of ours is out; only a pipelining client has any. */
  #parked: Buffer[] | null = null;
  // The chunk being pushed, and from where on its bytes are still to be forwarded.
  #chunk: Buffer = EMPTY;
  #forwardFrom = 0;
  #answered: Buffer = EMPTY;
  /** When the present chunk came, or went to the target: one reading of the clock for all that is in it. */
  #chunkT: Nanoseconds = 0;

  /** `faults` is the link's own live list: what is armed now decides, at each request. */
  constructor(ends: ConversationEnds, faults: readonly HttpFault[], ledger = new RetryLedger()) {
    this.#ends = ends;
    this.#faults = faults;
    this.#ledger = ledger;
    this.#answers = new FilteredAnswers(ends, () => ends.endAnswer());
    this.#requests = new MessageParser({
      head: (head, held, from, to) => this.#requestHead(head, held, from, to),
      content: (from, to) => this.#current?.requestContent(this.#chunk.subarray(from, to)),
      body: (from, to) => this.#requestBody(from, to),
      end: () => this.#requestEnd(),
      holding: (from) => this.#skip(from, this.#chunk.length),
      lost: (why, held, from) => {
        this.#forwardUpTo(from);
        this.#letGo();
        if (held !== null) this.#ends.forward(held);
        this.#stopWatching(why);
      },
    });
    this.#responses = new MessageParser({
      head: (head, held, from, to) => this.#responseHead(head, (held?.length ?? 0) + to - from),
      content: (from, to) => this.#underWay[0]?.answerContent(this.#answered, from, to),
      body: (from, to) => {
        const exchange = this.#underWay[0];
        if (exchange !== undefined) exchange.bytesDown += to - from;
      },
      end: () => this.#responseEnd(),
      holding: () => {},
      lost: (why) => this.#stopWatching(why),
    });
  }

  /** Faults and streams of events keep pieces of what passes; without them, parsers copy what they keep. */
  get keepsNothing(): boolean {
    if (this.#faults.length > 0 || !this.#answers.isEmpty || this.#parked !== null) return false;
    return this.#underWay[0]?.isStream !== true;
  }

  fromTarget(chunk: Buffer): void {
    if (this.#parked !== null) {
      this.#parked.push(chunk);
      return;
    }
    if (!this.#watching) {
      this.#ends.forward(chunk);
      return;
    }
    this.#chunk = chunk;
    this.#chunkT = this.#ends.now();
    this.#forwardFrom = 0;
    const read = this.#requests.push(chunk);
    this.#forwardUpTo(this.#watching ? read : chunk.length);
    this.#chunk = EMPTY;
    if (read < chunk.length && this.#watching) this.#parked = [chunk.subarray(read)];
    this.#actOnFirst();
  }

  targetEnded(): void {
    this.#targetEndedT = this.#ends.now();
    if (this.#watching) {
      this.#letGo();
      const held = this.#requests.surrender();
      if (held !== null) this.#ends.forward(held);
    }
    this.#answers.targetEnded();
  }

  fromDependency(chunk: Buffer): void {
    this.#answers.fromDependency(chunk);
  }

  dependencyEnded(): void {
    this.#answers.dependencyEnded();
  }

  toTarget(chunk: Buffer): void {
    if (!this.#watching) return;
    this.#answered = chunk;
    this.#chunkT = this.#ends.now();
    this.#responses.push(chunk);
    this.#answered = EMPTY;
    this.#actOnFirst();
  }

  touched(faultId: string): void {
    for (const exchange of this.#underWay) exchange.touch(faultId);
  }

  closed(endedBy: EndedBy, abrupt: boolean): void {
    this.#answers.closed();
    this.#judgeUnread(abrupt && endedBy === 'target');
    const answering = this.#underWay[0];
    if (answering !== undefined && answering.status !== null && this.#responseIsUntilClose && !abrupt) {
      this.#underWay.shift();
      this.#report(answering, 'answered', 'dependency', this.#ends.now());
    }
    for (const exchange of this.#underWay.splice(0)) {
      // A target that had sent FIN and got nothing since had given up at the FIN.
      if (endedBy === 'target' && this.#targetEndedT !== null) {
        this.#report(exchange, 'broken', 'target', this.#targetEndedT);
      } else this.#report(exchange, 'broken', endedBy, this.#ends.now());
    }
    this.#watching = false;
  }

  #requestHead(head: Head, held: Buffer | null, from: number, to: number): Framing {
    const framing = framingOf(head, { kind: 'none' });
    const exchange = new Exchange(head, this.#chunkT, this.#ends.activeFaults());
    exchange.bytesUp = (held?.length ?? 0) + to - from;
    this.#underWay.push(exchange);
    this.#current = exchange;
    this.#requestCount++;
    const { hostHeader } = this.#ends;
    if (this.#faults.length === 0 && hostHeader === null) {
      if (held !== null) {
        this.#forwardUpTo(from);
        this.#ends.forward(held);
      }
    } else {
      const raw =
        hostHeader === null ? Buffer.from(head.text, 'latin1') : withHeaders(head.text, { host: hostHeader });
      this.#skip(from, to);
      exchange.held = { raw: [raw], content: [], bytes: 0 };
      const waits = needsBody(this.#faults) && (framing.kind === 'length' || framing.kind === 'chunked');
      if (!waits) this.#decide(exchange, null);
      if (exchange.held !== null || exchange.act !== null) this.#continueSending(exchange);
    }
    if (this.#underWay.length > UNDER_WAY_MAX) this.#stopWatching('too many requests under way');
    // After a tunnel is asked for, bytes are no longer messages we could frame.
    if (exchange.method === 'CONNECT' || head.get('upgrade') !== undefined) return { kind: 'until-close' };
    return framing;
  }

  #requestBody(from: number, to: number): void {
    const exchange = this.#current;
    if (exchange === null) return; // an empty line between messages: forwarded with what follows
    exchange.bytesUp += to - from;
    if (exchange.held === null) {
      if (exchange.isSwallowed) this.#skip(from, to);
      return;
    }
    this.#skip(from, to);
    exchange.held.raw.push(this.#chunk.subarray(from, to));
    exchange.held.bytes += to - from;
    if (exchange.held.bytes > HELD_BODY_BYTES_MAX) this.#decide(exchange, null);
  }

  #requestEnd(): void {
    const ended = this.#current;
    this.#current = null;
    if (ended === null) return;
    if (ended.held !== null) this.#decide(ended, Buffer.concat(ended.held.content));
    ended.endRequest(this.#ledger, this.#chunkT);
    // Our answer waits for earlier ones; a later request must not be answered before it, so it waits too.
    if (ended.isSwallowed && this.#underWay[0] !== ended) this.#requests.pause();
  }

  /** Asks the faults about a request that is held, and sends on what they leave of it. */
  #decide(exchange: Exchange, body: Buffer | null): void {
    const raw = exchange.held?.raw ?? [];
    exchange.held = null;
    const { method, path, head } = exchange;
    const request = { method, path, headers: head.headers, body, onConnection: this.#requestCount };
    const claimed = claim(this.#faults, request);
    if (claimed === null) {
      for (const piece of raw) this.#ends.forward(piece);
      return;
    }
    if (claimed.act.do === 'filter' && this.#underWay[0] !== exchange) {
      // Answers to requests before it are still to come, and must not be taken for its own.
      claimed.fault.chooser.untake();
      for (const piece of raw) this.#ends.forward(piece);
      return;
    }
    const { name, chooser } = claimed.fault;
    exchange.act = claimed.act;
    if (claimed.act.do !== 'filter') {
      exchange.touch(name);
      return;
    }
    this.#answers.take({ method, http10: head.start.endsWith('HTTP/1.0') }, claimed.act, {
      hit: () => exchange.touch(name),
      missed: () => chooser.untake(),
    });
    this.#ends.forward(withHeaders(raw[0]?.toString('latin1') ?? head.text, LEFT_OUT));
    for (const piece of raw.slice(1)) this.#ends.forward(piece);
  }

  /** A client that asks before it sends its body is told to go on, where the dependency will not tell it. */
  #continueSending({ head }: Exchange): void {
    if (head.get('expect')?.toLowerCase() === '100-continue') this.#ends.answer(CONTINUE);
  }

  /** Forwards a request that is held as it is: what follows it will not be read. */
  #letGo(): void {
    const exchange = this.#current;
    for (const piece of exchange?.held?.raw ?? []) this.#ends.forward(piece);
    if (exchange !== null) exchange.held = null;
  }

  /** Forwards what is due of the present chunk, as one slice, so that head and body cost one write. */
  #forwardUpTo(to: number): void {
    if (to <= this.#forwardFrom) return;
    const whole = this.#forwardFrom === 0 && to === this.#chunk.length;
    const bytes = whole ? this.#chunk : this.#chunk.subarray(this.#forwardFrom, to);
    this.#forwardFrom = to;
    this.#ends.forward(bytes);
  }

  /** Keeps a part of the present chunk from being forwarded with the rest. */
  #skip(from: number, to: number): void {
    this.#forwardUpTo(from);
    this.#forwardFrom = to;
  }

  /** What a fault does in the dependency's place is due once the request is complete and all earlier answers are out. */
  #actOnFirst(): void {
    const first = this.#underWay[0];
    if (first === undefined || first.act === null || first.acted || !first.requestEnded) return;
    if (first.act.do === 'filter') return;
    first.acted = true;
    if (first.act.do === 'close') {
      this.#ends.abort(first.act.how);
      return;
    }
    this.#ends.answer(encodeAnswer(first.act.answer, first.method === 'HEAD', first.closesAfter));
    if (first.closesAfter) this.#ends.endAnswer();
    const parked = this.#parked ?? [];
    this.#parked = null;
    for (const chunk of parked) this.fromTarget(chunk);
  }

  #responseHead(head: Head, bytes: number): Framing {
    const status = Number(head.start.slice(9, 12));
    this.#responseIsUntilClose = false;
    const exchange = this.#underWay[0];
    if (exchange === undefined) {
      // An answer nobody asked for, such as a 408 on an idle connection.
      this.#stopWatching('an answer came without a request');
      return { kind: 'until-close' };
    }
    exchange.bytesDown += bytes;
    exchange.firstByteT ??= this.#chunkT;
    if (status === 101 || (exchange.method === 'CONNECT' && status < 300)) {
      exchange.status = status;
      this.#responseIsUntilClose = true;
      return { kind: 'until-close' };
    }
    if (status < 200) return { kind: 'none' }; // interim: the real answer follows
    exchange.answerHead(status, head);
    if (exchange.method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
    const framing = framingOf(head, { kind: 'until-close' });
    this.#responseIsUntilClose = framing.kind === 'until-close';
    return framing;
  }

  #responseEnd(): void {
    const exchange = this.#underWay[0];
    if (exchange === undefined || exchange.status === null) return; // an interim answer
    this.#underWay.shift();
    const endT = this.#chunkT;
    if (this.#targetEndedT !== null) {
      this.#unread.push({ exchange, endT });
      this.#ends.after(this.#ends.resetArrivesMs, () => this.#judgeUnread(this.#ends.targetHasReset()));
    } else this.#report(exchange, 'answered', whoAnswered(exchange), endT);
  }

  /** Reports the answers that came after the target's FIN: read, or met by RST. */
  #judgeUnread(hasReset: boolean): void {
    for (const { exchange, endT } of this.#unread.splice(0)) {
      if (hasReset) this.#report(exchange, 'broken', 'target', this.#targetEndedT ?? endT);
      else this.#report(exchange, 'answered', whoAnswered(exchange), endT);
    }
  }

  #report(exchange: Exchange, outcome: 'answered' | 'broken', endedBy: EndedBy, endT: Nanoseconds): void {
    this.#ends.emit(exchange.over(outcome, endedBy, endT, this.#ends));
  }

  /** Gives up reading this connection: bytes go on passing, and the history says so once. */
  #stopWatching(why: string): void {
    if (!this.#watching) return;
    this.#watching = false;
    const parked = this.#parked ?? [];
    this.#parked = null;
    for (const chunk of parked) this.#ends.forward(chunk);
    const text = `link ${this.#ends.link}, connection ${this.#ends.connection}: ${why}; passing bytes unread from here`;
    this.#ends.emit({ kind: 'note', t: this.#ends.now(), text });
  }
}

const EMPTY = Buffer.alloc(0);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

function whoAnswered(exchange: Exchange): EndedBy {
  return exchange.isSwallowed ? 'link' : 'dependency';
}
