/**
 * Finds the messages in one direction of an HTTP/1 connection, as the bytes come, in any split.
 * It frames messages (RFC 9112 §6) and reads the few headers that framing needs; it does not judge
 * them. Bytes it cannot follow end in `lost`, once, and from then on it looks no further.
 */
import { Head } from './head.ts';

/** A message head longer than this is not followed (Node's own limit is 16 KiB, most servers' 64). */
const HEAD_BYTES_MAX = 64 * 1024;

/** How the body that follows a head is framed. */
export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  | { kind: 'until-close' };

/** What the parser tells, in order. `from` and `to` are offsets into the chunk being pushed. */
export interface MessageListener {
  /** A head is complete. `held` are its bytes from earlier chunks; `to` is where it ends in this one. */
  head(head: Head, held: Buffer | null, from: number, to: number): Framing;
  /** Bytes of the body, framing included. */
  body(from: number, to: number): void;
  /** Bytes of the body, framing left out; told before {@link body} tells the same ones. */
  content?(from: number, to: number): void;
  /** The message is over. */
  end(): void;
  /** From here on the bytes of this chunk belong to a head that is not complete; the parser keeps them. */
  holding(from: number): void;
  /** The bytes make no sense any more; `held` were not told before. */
  lost(why: string, held: Buffer | null, from: number): void;
}

type State =
  | { at: 'head' }
  | { at: 'length'; leftBytes: number }
  | { at: 'chunk-size'; line: string }
  | { at: 'chunk-data'; leftBytes: number }
  | { at: 'trailers'; line: string }
  | { at: 'until-close' }
  | { at: 'lost' };

// Shared: a state without a memory need not be made for every message.
const AT_HEAD: State = { at: 'head' };
const LOST: State = { at: 'lost' };

const CR = 13;
const LF = 10;

export class MessageParser {
  readonly #listener: MessageListener;
  #state: State = AT_HEAD;
  #held: Buffer | null = null;
  #paused = false;

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  /** Bytes of an unfinished head, given up by the parser; it looks no further. */
  surrender(): Buffer | null {
    const held = this.#held;
    this.#held = null;
    this.#state = LOST;
    return held;
  }

  /** Reads a chunk; returns how much of it was read, which is all of it unless it was told to pause. */
  push(chunk: Buffer): number {
    this.#paused = false;
    let from = 0;
    while (from < chunk.length && !this.#paused) {
      const next = this.#step(chunk, from);
      if (next === null) return chunk.length;
      from = next;
    }
    return from;
  }

  /** Called by the listener: `push` returns after the present message. */
  pause(): void {
    this.#paused = true;
  }

  /** Reads on from `from`; null when the rest of the chunk is dealt with. */
  #step(chunk: Buffer, from: number): number | null {
    const state = this.#state;
    switch (state.at) {
      case 'lost':
        return null;
      case 'head':
        return this.#readHead(chunk, from);
      case 'length':
      case 'chunk-data': {
        const to = Math.min(chunk.length, from + state.leftBytes);
        this.#listener.content?.(from, to);
        this.#listener.body(from, to);
        state.leftBytes -= to - from;
        if (state.leftBytes === 0) {
          if (state.at === 'length') this.#endMessage();
          else this.#state = { at: 'chunk-size', line: '' };
        }
        return to;
      }
      case 'until-close':
        this.#listener.content?.(from, chunk.length);
        this.#listener.body(from, chunk.length);
        return null;
      case 'chunk-size':
      case 'trailers':
        return this.#readLine(chunk, from, state);
    }
  }

  #readHead(chunk: Buffer, from: number): number | null {
    // An empty line before a message is allowed and belongs to nothing (RFC 9112 §2.2).
    if (this.#held === null && (chunk[from] === CR || chunk[from] === LF)) {
      this.#listener.body(from, from + 1);
      return from + 1;
    }
    const held = this.#held;
    // A head that comes whole, as nearly all do, is read where it is.
    const searchable = held === null ? chunk : Buffer.concat([held, chunk.subarray(from)]);
    const start = held === null ? from : 0;
    const end = endOfHead(searchable, start);
    if (end === -1) {
      if (searchable.length - start > HEAD_BYTES_MAX) return this.#lose('a message head is too long', from);
      this.#held = held === null ? Buffer.from(chunk.subarray(from)) : searchable;
      this.#listener.holding(from);
      return null;
    }
    const head = Head.parse(searchable.toString('latin1', start, end));
    if (head === null) return this.#lose('a message head is not HTTP/1', from);
    const to = from + (end - start) - (held?.length ?? 0);
    this.#held = null;
    this.#state = LOST; // until the framing is known; a listener that throws leaves it so
    const framing = this.#listener.head(head, held, from, to);
    this.#enter(framing);
    return to;
  }

  #enter(framing: Framing): void {
    switch (framing.kind) {
      case 'none':
        this.#endMessage();
        return;
      case 'length':
        if (framing.bytes === 0) this.#endMessage();
        else this.#state = { at: 'length', leftBytes: framing.bytes };
        return;
      case 'chunked':
        this.#state = { at: 'chunk-size', line: '' };
        return;
      case 'until-close':
        this.#state = { at: 'until-close' };
        return;
    }
  }

  /** Reads a chunk-size or trailer line, which may come in pieces. */
  #readLine(
    chunk: Buffer,
    from: number,
    state: { at: 'chunk-size' | 'trailers'; line: string },
  ): number | null {
    const newline = chunk.indexOf(LF, from);
    const to = newline === -1 ? chunk.length : newline + 1;
    state.line += chunk.toString('latin1', from, to);
    if (state.line.length > HEAD_BYTES_MAX) return this.#lose('a chunk header is too long', from);
    if (newline === -1) {
      this.#listener.body(from, to);
      return null;
    }
    const line = state.line.trim();
    if (state.at === 'trailers') {
      this.#listener.body(from, to);
      if (line === '') this.#endMessage();
      else state.line = '';
      return to;
    }
    if (line === '') {
      // The CRLF that closes the chunk before.
      this.#listener.body(from, to);
      state.line = '';
      return to;
    }
    const size = /^([0-9a-f]{1,12})\s*(;.*)?$/i.exec(line);
    if (size === null) return this.#lose('a chunk size is not a number', from);
    this.#listener.body(from, to);
    const leftBytes = Number.parseInt(size[1] ?? '0', 16);
    this.#state = leftBytes === 0 ? { at: 'trailers', line: '' } : { at: 'chunk-data', leftBytes };
    return to;
  }

  #endMessage(): void {
    this.#state = AT_HEAD;
    this.#listener.end();
  }

  #lose(why: string, from: number): null {
    const held = this.#held;
    this.#held = null;
    this.#state = LOST;
    this.#listener.lost(why, held, from);
    return null;
  }
}

/** Where the head that begins at `start` ends, its empty line included; -1 while that has not come. */
function endOfHead(bytes: Buffer, start: number): number {
  // Line by line, so that a body behind the head is not searched. Bare LF line ends are tolerated by most
  // servers (RFC 9112 §2.2), so they are here.
  for (let lf = bytes.indexOf(LF, start); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
    const next = bytes[lf + 1];
    if (next === LF) return lf + 2;
    if (next === CR && bytes[lf + 2] === LF) return lf + 3;
  }
  return -1;
}

/** Framing by the headers alone, for messages that may have a body. */
export function framingOf(head: Head, withoutLength: Framing): Framing {
  const encoding = head.get('transfer-encoding');
  if (encoding !== undefined) {
    return /(^|,)\s*chunked\s*$/i.test(encoding) ? { kind: 'chunked' } : { kind: 'until-close' };
  }
  const length = head.get('content-length');
  if (length === undefined) return withoutLength;
  const bytes = /^\d{1,15}$/.test(length) ? Number(length) : Number.NaN;
  return Number.isNaN(bytes) ? { kind: 'until-close' } : { kind: 'length', bytes };
}
