/**
 * Lets a filter have its way with one answer of the dependency: takes the framing off, hands head and
 * body to the filter, and frames what the filter makes of it anew. Bytes that follow the answer wait
 * until the filter is done with it.
 */
import { STATUS_CODES } from 'node:http';
import type { AnswerFilter, AnswerHead, AnswerSink } from './fault.ts';
import { type Framing, framingOf, type Head, MessageParser } from './parser.ts';

/** Bytes a filter may hold back before the dependency is made to wait. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

/** What it needs from its connection. */
export interface FilteringEnds {
  /** Sends bytes towards the target. */
  answer(chunk: Buffer): void;
  /** Closes the target's side in order, after what was answered. */
  endAnswer(): void;
  abort(how: 'fin' | 'rst'): void;
  after(ms: number, act: () => void): void;
  random(): number;
  /** True: read no more from the dependency for now. */
  holdDependency(hold: boolean): void;
  /** The answer is over; `leftover` are bytes behind it. */
  done(leftover: readonly Buffer[]): void;
}

/** How the request was made; decides how its answer may be framed. */
export interface AskedBy {
  method: string;
  http10: boolean;
}

const NO_BODY: ReadonlySet<number> = new Set([204, 304]);
/** Made anew for the answer as the filter left it. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'trailer',
]);

export class FilteredAnswer {
  readonly #ends: FilteringEnds;
  readonly #asked: AskedBy;
  readonly #filter: AnswerFilter;
  readonly #parser: MessageParser;
  readonly #leftover: Buffer[] = [];
  #chunk: Buffer = EMPTY;
  #framing: Framing | null = null;
  /** How the filter's own output is framed. */
  #output: 'none' | 'chunked' | 'until-close' = 'none';
  #inputOver = false;
  #outputOver = false;
  #heldBytes = 0;

  constructor(asked: AskedBy, makeFilter: (sink: AnswerSink) => AnswerFilter, ends: FilteringEnds) {
    this.#asked = asked;
    this.#ends = ends;
    this.#filter = makeFilter(this.#sink());
    this.#parser = new MessageParser({
      head: (head, held, from, to) => this.#head(head, held, from, to),
      content: (from, to) => {
        this.#heldBytes += to - from;
        this.#filter.body(this.#chunk.subarray(from, to));
      },
      body: () => {},
      end: () => this.#end(),
      holding: () => {},
      lost: (_why, held, from) => {
        // Not HTTP after all: nothing can be filtered, and nothing must be lost.
        this.#inputOver = true;
        this.#outputOver = true;
        if (held !== null) this.#leftover.push(held);
        this.#leftover.push(this.#chunk.subarray(from));
      },
    });
  }

  /** Bytes of the dependency. */
  push(chunk: Buffer): void {
    if (this.#inputOver) {
      this.#leftover.push(chunk);
      return;
    }
    this.#chunk = chunk;
    const read = this.#parser.push(chunk);
    this.#chunk = EMPTY;
    if (read < chunk.length) this.#leftover.push(chunk.subarray(read));
    this.#ends.holdDependency(!this.#outputOver && this.#heldBytes > HELD_BYTES_MAX);
    this.#settle();
  }

  /** The dependency has sent FIN. */
  dependencyEnded(): void {
    if (this.#inputOver) return;
    this.#inputOver = true;
    if (this.#framing?.kind === 'until-close') this.#filter.end();
    else if (!this.#outputOver) this.#ends.abort('fin'); // it broke off, and so must we
    this.#settle();
  }

  #head(head: Head, held: Buffer | null, from: number, to: number): Framing {
    const status = Number(head.start.slice(9, 12));
    if (status < 200 && status !== 101) {
      if (held !== null) this.#ends.answer(held);
      this.#ends.answer(this.#chunk.subarray(from, to));
      return { kind: 'none' };
    }
    const bodiless = this.#asked.method === 'HEAD' || NO_BODY.has(status) || status === 101;
    this.#framing = bodiless ? { kind: 'none' } : framingOf(head, { kind: 'until-close' });
    if (bodiless) this.#output = 'none';
    else this.#output = this.#asked.http10 ? 'until-close' : 'chunked';
    this.#filter.head({ status, headers: headersOf(head) });
    return this.#framing;
  }

  #end(): void {
    if (this.#framing === null) return; // an interim answer
    this.#inputOver = true;
    this.#parser.pause();
    this.#filter.end();
  }

  #sink(): AnswerSink {
    return {
      head: (head) => this.#ends.answer(encodeHead(head, this.#output)),
      body: (bytes) => {
        if (this.#outputOver || bytes.length === 0) return;
        this.#heldBytes -= bytes.length;
        if (this.#output === 'until-close') this.#ends.answer(bytes);
        else if (this.#output === 'chunked')
          this.#ends.answer(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]));
        if (this.#heldBytes <= HELD_BYTES_MAX) this.#ends.holdDependency(false);
      },
      end: () => {
        if (this.#outputOver) return;
        if (this.#output === 'chunked') this.#ends.answer(LAST_CHUNK);
        if (this.#output === 'until-close') this.#ends.endAnswer();
        this.#outputOver = true;
        this.#settle();
      },
      abort: (how) => {
        if (this.#outputOver) return;
        this.#outputOver = true;
        this.#ends.abort(how);
      },
      after: (ms, act) => this.#ends.after(ms, act),
      random: () => this.#ends.random(),
    };
  }

  /** Once both what comes and what leaves is over; not from inside the parser, which may have bytes left. */
  #settle(): void {
    if (!this.#inputOver || !this.#outputOver || this.#chunk !== EMPTY) return;
    this.#ends.holdDependency(false);
    this.#ends.done(this.#leftover.splice(0));
  }
}

const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

function headersOf({ text }: Head): [string, string][] {
  const headers: [string, string][] = [];
  for (const line of text.split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}

function encodeHead({ status, headers }: AnswerHead, output: 'none' | 'chunked' | 'until-close'): Buffer {
  const kept = headers.filter(([name]) => output === 'none' || !FRAMING_HEADERS.has(name.toLowerCase()));
  if (output === 'chunked') kept.push(['transfer-encoding', 'chunked']);
  if (output === 'until-close') kept.push(['connection', 'close']);
  return Buffer.from(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Injected'}\r\n${kept.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  );
}
