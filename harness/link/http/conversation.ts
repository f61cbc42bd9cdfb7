/**
 * Watches HTTP/1 on one connection: pairs requests with their answers, reports each exchange, and
 * lets faults answer in the dependency's place. A request is held only until its head is complete.
 */
import { createHash, type Hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { EndedBy } from '../../model/history.ts';
import type { Nanoseconds } from '../../model/time.ts';
import type { Conversation, ConversationEnds } from '../conversation.ts';
import { claim, type HttpFault, type LocalAnswer } from './fault.ts';
import { type Framing, framingOf, type Head, MessageParser } from './parser.ts';

/** Requests that may be under way on one connection before we stop watching it: no client pipelines so deep. */
const UNDER_WAY_MAX = 1_024;

/** One request that has begun and whose answer has not ended. */
interface Exchange {
  method: string;
  path: string;
  t: Nanoseconds;
  trace: string | null;
  hash: Hash | null;
  bytesUp: number;
  bytesDown: number;
  requestEnded: boolean;
  status: number | null;
  firstByteT: Nanoseconds | null;
  faults: Set<string>;
  /** Set where a fault answers: the request is not forwarded. */
  local: LocalAnswer | null;
  localSent: boolean;
  closesAfter: boolean;
}

export class HttpConversation implements Conversation {
  readonly #ends: ConversationEnds;
  readonly #faults: readonly HttpFault[];
  readonly #requests: MessageParser;
  readonly #responses: MessageParser;
  /** In the order of their requests; the first one's answer is the one on its way. */
  readonly #underWay: Exchange[] = [];
  /** Answered after the target had sent FIN: whether anybody read the answer shows when it closes. */
  readonly #unread: { exchange: Exchange; endT: Nanoseconds }[] = [];
  #current: Exchange | null = null;
  #watching = true;
  #responseIsUntilClose = false;
  #targetEndedT: Nanoseconds | null = null;
  /** Bytes of the target that wait until an answer of ours is out; only a pipelining client has any. */
  #parked: Buffer[] | null = null;
  // The chunk being pushed, and from where on its bytes are still to be forwarded.
  #chunk: Buffer = EMPTY;
  #forwardFrom = 0;

  /** `faults` is the link's own live list: what is armed now decides, at each request. */
  constructor(ends: ConversationEnds, faults: readonly HttpFault[]) {
    this.#ends = ends;
    this.#faults = faults;
    this.#requests = new MessageParser({
      head: (head, held, from, to) => this.#requestHead(head, held, from, to),
      body: (from, to) => this.#requestBody(from, to),
      end: () => this.#requestEnd(),
      holding: (from) => {
        this.#forwardUpTo(from);
        this.#forwardFrom = this.#chunk.length;
      },
      lost: (why, held, from) => {
        this.#forwardUpTo(from);
        if (held !== null) this.#ends.forward(held);
        this.#stopWatching(why);
      },
    });
    this.#responses = new MessageParser({
      head: (head, held, from, to) => this.#responseHead(head, (held?.length ?? 0) + to - from),
      body: (from, to) => {
        const exchange = this.#underWay[0];
        if (exchange !== undefined) exchange.bytesDown += to - from;
      },
      end: () => this.#responseEnd(),
      holding: () => {},
      lost: (why) => this.#stopWatching(why),
    });
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
    this.#forwardFrom = 0;
    const read = this.#requests.push(chunk);
    this.#forwardUpTo(this.#watching ? read : chunk.length);
    this.#chunk = EMPTY;
    if (read < chunk.length && this.#watching) this.#parked = [chunk.subarray(read)];
    this.#sendLocalAnswers();
  }

  targetEnded(): void {
    this.#targetEndedT = this.#ends.now();
    const held = this.#watching ? this.#requests.surrender() : null;
    if (held !== null) this.#ends.forward(held);
  }

  toTarget(chunk: Buffer): void {
    if (!this.#watching) return;
    this.#responses.push(chunk);
    this.#sendLocalAnswers();
  }

  touched(faultId: string): void {
    for (const exchange of this.#underWay) exchange.faults.add(faultId);
  }

  closed(endedBy: EndedBy, abrupt: boolean): void {
    for (const { exchange, endT } of this.#unread) {
      if (abrupt && endedBy === 'target')
        this.#report(exchange, 'broken', 'target', this.#targetEndedT ?? endT);
      else this.#report(exchange, 'answered', exchange.local === null ? 'dependency' : 'link', endT);
    }
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
    const [method = '', path = ''] = head.start.split(' ');
    const framing = framingOf(head, { kind: 'none' });
    const exchange: Exchange = {
      method,
      path,
      t: this.#ends.now(),
      trace: traceId(head.headers.get('traceparent')),
      hash: null,
      bytesUp: (held?.length ?? 0) + to - from,
      bytesDown: 0,
      requestEnded: false,
      status: null,
      firstByteT: null,
      faults: new Set(this.#ends.activeFaults()),
      local: null,
      localSent: false,
      closesAfter:
        head.headers.get('connection')?.toLowerCase() === 'close' || head.start.endsWith('HTTP/1.0'),
    };
    this.#underWay.push(exchange);
    this.#current = exchange;
    const fault = claim(this.#faults, { method, path });
    if (fault === undefined) {
      if (held !== null) {
        this.#forwardUpTo(from);
        this.#ends.forward(held);
      }
    } else {
      exchange.faults.add(fault.name);
      exchange.local = fault.kind.answer({ method, path }, fault.attributes);
      this.#forwardUpTo(from);
      this.#forwardFrom = to;
      if (head.headers.get('expect')?.toLowerCase() === '100-continue') {
        this.#ends.answer(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
      }
    }
    if (this.#underWay.length > UNDER_WAY_MAX) this.#stopWatching('too many requests under way');
    // After a tunnel is asked for, bytes are no longer messages we could frame.
    if (method === 'CONNECT' || head.headers.has('upgrade')) return { kind: 'until-close' };
    return framing;
  }

  #requestBody(from: number, to: number): void {
    const exchange = this.#current;
    if (exchange === null) return; // an empty line between messages: forwarded with what follows
    exchange.bytesUp += to - from;
    exchange.hash ??= createHash('sha256');
    exchange.hash.update(this.#chunk.subarray(from, to));
    if (exchange.local !== null) {
      this.#forwardUpTo(from);
      this.#forwardFrom = to;
    }
  }

  #requestEnd(): void {
    const ended = this.#current;
    this.#current = null;
    if (ended === null) return;
    ended.requestEnded = true;
    // Our answer waits for earlier ones; a later request must not be answered before it, so it waits too.
    if (ended.local !== null && this.#underWay[0] !== ended) this.#requests.pause();
  }

  /** Forwards what is due of the present chunk, as one slice, so that head and body cost one write. */
  #forwardUpTo(to: number): void {
    if (to <= this.#forwardFrom) return;
    const whole = this.#forwardFrom === 0 && to === this.#chunk.length;
    const bytes = whole ? this.#chunk : this.#chunk.subarray(this.#forwardFrom, to);
    this.#forwardFrom = to;
    this.#ends.forward(bytes);
  }

  /** An answer of ours may leave once its request is complete and all earlier answers are out. */
  #sendLocalAnswers(): void {
    const first = this.#underWay[0];
    if (first?.local == null || !first.requestEnded || first.localSent) return;
    first.localSent = true;
    this.#ends.answer(encode(first.local, first.method === 'HEAD', first.closesAfter));
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
    exchange.firstByteT ??= this.#ends.now();
    if (status === 101 || (exchange.method === 'CONNECT' && status < 300)) {
      exchange.status = status;
      this.#responseIsUntilClose = true;
      return { kind: 'until-close' };
    }
    if (status < 200) return { kind: 'none' }; // interim: the real answer follows
    exchange.status = status;
    if (exchange.method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
    const framing = framingOf(head, { kind: 'until-close' });
    this.#responseIsUntilClose = framing.kind === 'until-close';
    return framing;
  }

  #responseEnd(): void {
    const exchange = this.#underWay[0];
    if (exchange === undefined || exchange.status === null) return; // an interim answer
    this.#underWay.shift();
    const endT = this.#ends.now();
    if (this.#targetEndedT !== null) this.#unread.push({ exchange, endT });
    else this.#report(exchange, 'answered', exchange.local === null ? 'dependency' : 'link', endT);
  }

  #report(exchange: Exchange, outcome: 'answered' | 'broken', endedBy: EndedBy, endT: Nanoseconds): void {
    this.#ends.emit({
      kind: 'exchange',
      t: exchange.t,
      endT,
      link: this.#ends.link,
      connection: this.#ends.connection,
      method: exchange.method,
      path: exchange.path,
      status: exchange.status,
      outcome,
      endedBy,
      firstByteT: exchange.firstByteT,
      bytesUp: exchange.bytesUp,
      bytesDown: exchange.bytesDown,
      bodyHash: exchange.hash?.digest('hex').slice(0, HASH_DIGITS) ?? null,
      trace: exchange.trace,
      faults: [...exchange.faults],
    });
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

/** Enough to tell bodies of one run apart. */
const HASH_DIGITS = 16;

/** The trace id of a W3C traceparent header (version-traceid-parentid-flags). */
function traceId(traceparent: string | undefined): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1] ?? null;
}

function encode(answer: LocalAnswer, isHead: boolean, closes: boolean): Buffer {
  const body = Buffer.from(answer.body);
  const headers = {
    ...answer.headers,
    'content-length': body.length,
    connection: closes ? 'close' : 'keep-alive',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Injected'}\r\n${lines.join('\r\n')}\r\n\r\n`;
  return isHead ? Buffer.from(head) : Buffer.concat([Buffer.from(head), body]);
}
