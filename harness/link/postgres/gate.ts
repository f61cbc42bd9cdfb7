/**
 * One direction of PostgreSQL's protocol 3, message by message (docs: "Message Formats"), in any split
 * of the bytes. Its owner decides at the first byte of each message whether it passes as it comes, is
 * held until it is whole, or is dropped. Bytes that pass go on in the chunks they came in. Of each message
 * that its owner reads, at most the first {@link KEPT_BYTES_MAX} bytes are kept. It understands no message.
 */

/** Enough for a statement's first words, a command tag, and the fields of an error. */
export const KEPT_BYTES_MAX = 4 * 1024;

/** A longer message is let go while it comes: faults do not reach it. */
const HELD_BYTES_MAX = 1024 * 1024;

/** While the gate is paused, more than this makes the source wait. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** PostgreSQL refuses messages above 1 GiB; a length beyond it means that we have lost the frame. */
const MESSAGE_BYTES_MAX = 1024 * 1024 * 1024;

/** PostgreSQL refuses longer first messages (MAX_STARTUP_PACKET_LENGTH); TLS begun unasked looks like one. */
const UNTYPED_BYTES_MAX = 10_000;

const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);

/** What becomes of a message. */
export type Fate = 'pass' | 'hold' | 'drop';

export interface GateOwner {
  /** A message begins. `type` is 0 for the untyped first message of a frontend. */
  begins(type: number): Fate;
  /** Bytes that go on. */
  pass(bytes: Buffer): void;
  /**
   * A message is complete. `kept` is the beginning of its body, empty where its type is none the owner
   * reads. `whole` is given where it was held: it goes on only if the owner sends it.
   */
  message(type: number, kept: Buffer, whole: Buffer | null, fate: Fate): void;
  /** These are no messages; everything passes from here. `header` is what could not be one. */
  lost(header: Buffer): void;
  /** More is waiting in a paused gate than should: the source must wait too, or need not any more. */
  full?(isFull: boolean): void;
}

export class MessageGate {
  readonly #owner: GateOwner;
  readonly #reads: ReadonlySet<number>;
  #typed: boolean;
  readonly #header = Buffer.alloc(1 + LENGTH_BYTES);
  #headerFilled = 0;
  #fate: Fate = 'pass';
  #leftBytes = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #held: Buffer[] = [];
  // The chunk at hand, how far it has been read, and from where on its bytes are still to go on.
  #chunk: Buffer = EMPTY;
  #at = 0;
  #from = 0;
  #sentBytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #state: 'open' | 'paused' | 'closed' = 'open';
  #framed = true;

  /**
   * @param typed false for the frontend's first message, which has a length but no type.
   * @param reads types of which the owner wants to see the body.
   */
  constructor(typed: boolean, reads: string, owner: GateOwner) {
    this.#typed = typed;
    this.#owner = owner;
    this.#reads = new Set([0, ...Buffer.from(reads)]);
  }

  /** What follows has a type byte. Only between messages. */
  expectTyped(): void {
    this.#typed = true;
  }

  /** Bytes that have gone on so far, the message that has just passed included. */
  get position(): number {
    return this.#sentBytes + this.#at - this.#from;
  }

  /** True: the last byte that came was not the last of its message. */
  get isMidMessage(): boolean {
    return this.#headerFilled > 0;
  }

  push(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'paused') {
      this.#wait(chunk);
      return;
    }
    this.#chunk = chunk;
    this.#at = 0;
    this.#from = 0;
    while (this.#at < chunk.length && this.#isOpen) this.#step();
    this.#flush();
    const rest = chunk.subarray(this.#at);
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#from = 0;
    if (rest.length > 0) this.#wait(rest);
  }

  /** Sends bytes on behind everything that has passed. */
  send(bytes: Buffer): void {
    this.#flush();
    this.#sentBytes += bytes.length;
    this.#owner.pass(bytes);
  }

  /** Reads nothing more until {@link resume}; what comes waits. */
  pause(): void {
    if (this.#state === 'open') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    if (this.#waitingBytes > WAITING_BYTES_MAX) this.#owner.full?.(false);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const chunk of waiting) this.push(chunk);
  }

  /** Sends on what has come of a message that is held and will not be completed. */
  surrender(): void {
    this.#flush();
    for (const piece of this.#held.splice(0)) this.send(piece);
    this.#fate = 'pass';
  }

  /** Reads no more messages: everything passes. */
  letGo(): void {
    if (!this.#framed) return;
    this.#framed = false;
    this.surrender();
  }

  /** Lets nothing pass any more. */
  close(): void {
    this.#flush();
    this.#state = 'closed';
    this.#held = [];
    this.#waiting = [];
  }

  /** A getter of its own: the state changes in calls that the compiler does not follow. */
  get #isOpen(): boolean {
    return this.#state === 'open';
  }

  #step(): void {
    if (!this.#framed) {
      this.#at = this.#chunk.length;
      return;
    }
    if (this.#headerFilled === 0)
      this.#fate = this.#owner.begins(this.#typed ? (this.#chunk[this.#at] ?? 0) : 0);
    const headerBytes = this.#typed ? 1 + LENGTH_BYTES : LENGTH_BYTES;
    const from = this.#at;
    if (this.#headerFilled < headerBytes) {
      const to = Math.min(this.#chunk.length, from + headerBytes - this.#headerFilled);
      this.#chunk.copy(this.#header, this.#headerFilled, from, to);
      this.#headerFilled += to - from;
      this.#take(to);
      if (this.#headerFilled < headerBytes || !this.#measure()) return;
    } else {
      const to = Math.min(this.#chunk.length, from + this.#leftBytes);
      this.#keep(from, to);
      this.#leftBytes -= to - from;
      this.#take(to);
    }
    if (this.#leftBytes === 0) this.#complete();
  }

  /** Moves on in the chunk; what does not pass leaves it. */
  #take(to: number): void {
    if (this.#fate === 'pass') {
      this.#at = to;
      return;
    }
    this.#flush();
    if (this.#fate === 'hold') this.#held.push(this.#chunk.subarray(this.#from, to));
    this.#at = to;
    this.#from = to;
  }

  /** The header is complete: how long is the message? False: it cannot be one. */
  #measure(): boolean {
    const lengthBytes = this.#header.readUInt32BE(this.#typed ? 1 : 0);
    const bytesMax = this.#typed ? MESSAGE_BYTES_MAX : UNTYPED_BYTES_MAX;
    if (lengthBytes < LENGTH_BYTES || lengthBytes > bytesMax) {
      this.letGo();
      this.#owner.lost(this.#header.subarray(0, this.#headerFilled));
      return false;
    }
    this.#leftBytes = lengthBytes - LENGTH_BYTES;
    if (this.#fate === 'hold' && lengthBytes > HELD_BYTES_MAX) this.surrender();
    return true;
  }

  #keep(from: number, to: number): void {
    const room = KEPT_BYTES_MAX - this.#keptBytes;
    if (room <= 0 || !this.#reads.has(this.#typed ? (this.#header[0] ?? 0) : 0)) return;
    // Copied, so that a few bytes do not keep a whole chunk of the socket's in memory.
    const piece = Buffer.from(this.#chunk.subarray(from, Math.min(to, from + room)));
    this.#kept.push(piece);
    this.#keptBytes += piece.length;
  }

  #complete(): void {
    const type = this.#typed ? (this.#header[0] ?? 0) : 0;
    const kept = joined(this.#kept);
    const whole = this.#fate === 'hold' ? joined(this.#held) : null;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#held = [];
    this.#headerFilled = 0;
    this.#owner.message(type, kept, whole, this.#fate);
  }

  /** Sends on what is due of the chunk at hand. */
  #flush(): void {
    if (this.#at === this.#from || this.#state === 'closed') return;
    const isWhole = this.#from === 0 && this.#at === this.#chunk.length;
    const bytes = isWhole ? this.#chunk : this.#chunk.subarray(this.#from, this.#at);
    this.#from = this.#at;
    this.#sentBytes += bytes.length;
    this.#owner.pass(bytes);
  }

  #wait(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    const wasFull = this.#waitingBytes > WAITING_BYTES_MAX;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (!wasFull && this.#waitingBytes > WAITING_BYTES_MAX) this.#owner.full?.(true);
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  if (only === undefined) return EMPTY;
  return pieces.length === 1 ? only : Buffer.concat(pieces);
}
