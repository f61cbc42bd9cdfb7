/**
 * Frames the messages of PostgreSQL's protocol 3 (docs: "Message Formats") in one direction, in any
 * split of the bytes. Of each message it keeps at most the first {@link KEPT_BYTES_MAX} bytes, so a
 * COPY or a large row costs nothing. It understands no message.
 */

/** Enough for a statement's first words, a command tag, and the fields of an error. */
export const KEPT_BYTES_MAX = 4 * 1024;

/** PostgreSQL refuses messages above 1 GiB; a length beyond it means that we have lost the frame. */
const MESSAGE_BYTES_MAX = 1024 * 1024 * 1024;

const LENGTH_BYTES = 4;

export interface FrameListener {
  /** A message is complete. `type` is 0 for the untyped first message of a frontend. */
  message(type: number, kept: Buffer): void;
  lost(): void;
}

export class FrameParser {
  readonly #listener: FrameListener;
  #typed: boolean;
  #header: Buffer;
  #headerFilled = 0;
  #type = 0;
  #leftBytes = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #lost = false;

  /** @param typed false for the frontend's first message, which has a length but no type. */
  constructor(typed: boolean, listener: FrameListener) {
    this.#typed = typed;
    this.#header = Buffer.alloc(typed ? 1 + LENGTH_BYTES : LENGTH_BYTES);
    this.#listener = listener;
  }

  /** What follows has (or has not) a type byte. Only between messages. */
  expectTyped(typed: boolean): void {
    this.#typed = typed;
    this.#header = Buffer.alloc(typed ? 1 + LENGTH_BYTES : LENGTH_BYTES);
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length && !this.#lost) {
      if (this.#headerFilled < this.#header.length) {
        const taken = Math.min(this.#header.length - this.#headerFilled, chunk.length - from);
        chunk.copy(this.#header, this.#headerFilled, from, from + taken);
        this.#headerFilled += taken;
        from += taken;
        if (this.#headerFilled < this.#header.length) return;
        if (!this.#begin()) return;
      } else {
        const to = Math.min(chunk.length, from + this.#leftBytes);
        this.#keep(chunk, from, to);
        this.#leftBytes -= to - from;
        from = to;
      }
      if (this.#leftBytes === 0) this.#complete();
    }
  }

  #begin(): boolean {
    this.#type = this.#typed ? (this.#header[0] ?? 0) : 0;
    const lengthBytes = this.#header.readUInt32BE(this.#typed ? 1 : 0);
    if (lengthBytes < LENGTH_BYTES || lengthBytes > MESSAGE_BYTES_MAX) {
      this.#lost = true;
      this.#listener.lost();
      return false;
    }
    this.#leftBytes = lengthBytes - LENGTH_BYTES;
    return true;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const room = KEPT_BYTES_MAX - this.#keptBytes;
    if (room <= 0) return;
    const piece = chunk.subarray(from, Math.min(to, from + room));
    // Copied: the chunk belongs to the socket's pool and may be reused by a stage downstream.
    this.#kept.push(Buffer.from(piece));
    this.#keptBytes += piece.length;
  }

  #complete(): void {
    const [only] = this.#kept;
    const kept = this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#headerFilled = 0;
    this.#listener.message(this.#type, kept);
  }
}
