/**
 * Lets a filter have its way with one answer of the dependency: takes the framing off, hands head and
 * body to the filter, and frames what the filter makes of it anew. Bytes that follow the answer wait
 * until the filter is done with it.
 */
import { STATUS_CODES } from 'node:http';
import type { AnswerFilter, AnswerHead, AnswerSink } from './fault.ts';
import type { Head } from './head.ts';
import { type Framing, framingOf, MessageParser } from './parser.ts';

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
  /** The fault acts. */
  hit(): void;
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

/** How what the filter makes of the body is framed. */
type Output = 'none' | 'length' | 'chunked' | 'until-close';

export class FilteredAnswer {
  readonly #ends: FilteringEnds;
  readonly #asked: AskedBy;
  readonly #filter: AnswerFilter;
  readonly #parser: MessageParser;
  readonly #leftover: Buffer[] = [];
  #chunk: Buffer = EMPTY;
  #framing: Framing | null = null;
  #output: Output = 'none';
  /** The filter wants nothing of the answer: it goes on as it came, framing included. */
  #passing = false;
  #inputOver = false;
  #outputOver = false;
  #settled = false;
  /** Callbacks that the filter has asked for and not got yet. */
  #awaited = 0;

  constructor(asked: AskedBy, makeFilter: (sink: AnswerSink) => AnswerFilter, ends: FilteringEnds) {
    this.#asked = asked;
    this.#ends = ends;
    this.#filter = makeFilter(this.#sink());
    this.#parser = new MessageParser({
      head: (head, held, from, to) => this.#head(head, held, from, to),
      content: (from, to) => {
        if (!this.#passing && !this.#outputOver) this.#filter.body(this.#chunk.subarray(from, to));
      },
      body: (from, to) => {
        if (this.#passing) this.#ends.answer(this.#chunk.subarray(from, to));
      },
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

  /** All of the answer has come, not all of it has left, and no time is set for the rest: the filter leaves it so. */
  get isLeftHanging(): boolean {
    return this.#inputOver && !this.#outputOver && this.#awaited === 0;
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
    this.#hold();
    this.#settle();
  }

  /** The dependency has sent FIN. */
  dependencyEnded(): void {
    if (this.#inputOver) return;
    this.#inputOver = true;
    if (this.#passing) this.#outputOver = true;
    else if (this.#framing?.kind === 'until-close') this.#endBody();
    else if (!this.#outputOver) this.#ends.abort('fin'); // it broke off, and so must we
    this.#settle();
  }

  #head(head: Head, held: Buffer | null, from: number, to: number): Framing {
    const status = Number(head.start.slice(9, 12));
    const goOn = (): void => {
      if (held !== null) this.#ends.answer(held);
      this.#ends.answer(this.#chunk.subarray(from, to));
    };
    if (status < 200 && status !== 101) {
      goOn();
      return { kind: 'none' };
    }
    const bodiless = this.#asked.method === 'HEAD' || NO_BODY.has(status) || status === 101;
    const framing: Framing = bodiless ? { kind: 'none' } : framingOf(head, { kind: 'until-close' });
    this.#framing = framing;
    if (bodiless) this.#output = 'none';
    else this.#output = this.#asked.http10 ? 'until-close' : 'chunked';
    const bodyBytes = framing.kind === 'length' ? framing.bytes : null;
    this.#filter.head({ status, headers: headersOf(head), hasBody: !bodiless && bodyBytes !== 0, bodyBytes });
    if (this.#passing) goOn();
    return framing;
  }

  #end(): void {
    if (this.#framing === null) return; // an interim answer
    this.#inputOver = true;
    this.#parser.pause();
    if (this.#passing) this.#outputOver = true;
    else this.#endBody();
  }

  #endBody(): void {
    if (!this.#outputOver) this.#filter.end();
  }

  #sink(): AnswerSink {
    return {
      hit: () => this.#ends.hit(),
      pass: () => {
        this.#passing = true;
      },
      head: (head, bodyBytes = null) => {
        if (bodyBytes !== null && this.#output !== 'none') this.#output = 'length';
        const closes = this.#framing?.kind === 'until-close';
        this.#ends.answer(encodeHead(head, { framed: this.#output, bodyBytes, closes }));
      },
      body: (bytes) => {
        if (this.#outputOver || bytes.length === 0) return;
        if (this.#output === 'chunked') this.#answerChunk(bytes);
        else if (this.#output !== 'none') this.#ends.answer(bytes);
        this.#hold();
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
      after: (ms, act) => {
        this.#awaited++;
        this.#ends.after(ms, () => {
          this.#awaited--;
          act();
        });
      },
      random: () => this.#ends.random(),
    };
  }

  #answerChunk(bytes: Buffer): void {
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
    if (bytes.length <= JOINED_BYTES_MAX) this.#ends.answer(Buffer.concat([size, bytes, CRLF]));
    else for (const part of [size, bytes, CRLF]) this.#ends.answer(part);
  }

  /** The dependency waits while the filter keeps back too much. */
  #hold(): void {
    const heldBytes = this.#outputOver ? 0 : (this.#filter.heldBytes?.() ?? 0);
    this.#ends.holdDependency(heldBytes > HELD_BYTES_MAX);
  }

  /** Once both what comes and what leaves is over; not from inside the parser, which may have bytes left. */
  #settle(): void {
    if (this.#settled || !this.#inputOver || !this.#outputOver || this.#chunk !== EMPTY) return;
    this.#settled = true;
    this.#ends.holdDependency(false);
    this.#ends.done(this.#leftover.splice(0));
  }
}

/** Above this a chunk's size line, bytes and end are written one by one: joining them would copy. */
const JOINED_BYTES_MAX = 16 * 1024;

const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

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

function encodeHead(
  { status, headers }: AnswerHead,
  { framed, bodyBytes, closes }: { framed: Output; bodyBytes: number | null; closes: boolean },
): Buffer {
  const kept = headers.filter(([name]) => framed === 'none' || !isMadeAnew(name, framed));
  if (framed === 'length') kept.push(['content-length', String(bodyBytes)]);
  if (framed === 'chunked') kept.push(['transfer-encoding', 'chunked']);
  if (framed === 'until-close' || (closes && !kept.some(([name]) => name.toLowerCase() === 'connection')))
    kept.push(['connection', 'close']);
  return Buffer.from(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Injected'}\r\n${kept.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  );
}

/** Whether a header speaks of the framing, which is another for the answer as the filter left it. */
function isMadeAnew(name: string, framed: Output): boolean {
  const lower = name.toLowerCase();
  if (lower === 'connection' || lower === 'keep-alive') return framed === 'until-close';
  return lower === 'content-length' || lower === 'transfer-encoding' || lower === 'trailer';
}
