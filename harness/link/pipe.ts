/**
 * One direction of one connection: bytes come in, pass the stages in order of their toxics, go out.
 * Without stages a chunk is handed on as it came. It holds back the source while the sink is full
 * or too much is held in stages. It knows neither protocols nor who configured a toxic.
 */
import type { Socket } from 'node:net';
import { attach } from './gate.ts';
import type { Line, Stage, Toxic } from './toxic.ts';
import { atEndOfTurn } from './turn.ts';

/**
 * Bytes that stages may hold before the source is paused. Toxiproxy's latency buffers 1,024 chunks
 * of up to 32 KiB; a quarter of that keeps 80 MB/s flowing through 100 ms and bounds memory.
 */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

/** From here on a chunk is written at once and its memory is used again: of a stream, not of a question or answer. */
const LARGE_BYTES_MIN = 16 * 1024;

/** What the pipe needs from its connection. */
export interface PipeEnds {
  source: Socket;
  destination: Socket;
  /** Called with each chunk when it has gone out. */
  onDelivered(chunk: Buffer): void;
  /** Sends FIN to the destination: all that came before it has been written. */
  finish(): void;
  close(): void;
  reset(): void;
  random(): number;
}

interface Running {
  toxic: Toxic;
  stage: Stage;
}

export class Pipe {
  readonly #ends: PipeEnds;
  #running: Running[] = [];
  #heldBytes = 0;
  #sinkFull = false;
  #heldByOwner = false;
  #ended = false;
  #closesAtEnd = false;
  /** Chunks that go out at the end of this turn of the loop. */
  #waiting: Buffer[] = [];
  /** The last large chunk that went out without passing a stage. */
  #sent: Buffer | null = null;

  constructor(ends: PipeEnds) {
    this.#ends = ends;
    ends.destination.on('drain', () => {
      this.#sinkFull = false;
      this.#flow();
    });
  }

  /** Bytes from the source. */
  write(chunk: Buffer): void {
    const first = this.#running[0];
    if (first === undefined) {
      this.#deliver(chunk);
      this.#sent = chunk.length < LARGE_BYTES_MIN ? null : chunk;
      return;
    }
    this.#heldBytes += chunk.length;
    first.stage.write(chunk);
    this.#flow();
  }

  /**
   * Frees the memory of a chunk that has gone out whole, at once: left to the garbage collector, a fast
   * stream reads into new memory all the time and runs at half the speed. Not for a chunk of which
   * anybody has kept some bytes.
   */
  recycle(chunk: Buffer): void {
    const isOut = this.#sent === chunk && this.#ends.destination.writableLength === 0;
    this.#sent = null;
    const { buffer } = chunk;
    if (isOut && buffer.byteLength === chunk.length && 'transfer' in buffer) buffer.transfer(0);
  }

  /** FIN from the source. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const first = this.#running[0];
    if (first === undefined) this.#finish();
    else first.stage.end();
  }

  /** Writes what waits for the end of the turn now: something is to come behind it. */
  flush(): void {
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      this.#write(chunk);
    }
  }

  /** True: takes nothing more from the source until told otherwise. */
  hold(hold: boolean): void {
    if (this.#heldByOwner === hold) return;
    this.#heldByOwner = hold;
    this.#flow();
  }

  /**
   * Puts a toxic at the end of the chain.
   * @param ageMs how old the connection is
   * @param onActing called when the toxic begins to act, which may be later
   */
  add(toxic: Toxic, ageMs: number, onActing: () => void): void {
    const running: Running = { toxic, stage: NO_STAGE };
    this.#running.push(running);
    running.stage = attach(toxic, this.#lineAfter(running), ageMs, onActing);
  }

  /** Takes a toxic off the chain; what it held goes on at once. */
  remove(toxic: Toxic): void {
    const running = this.#running.find((candidate) => candidate.toxic === toxic);
    if (running === undefined) return;
    running.stage.release();
    this.#running = this.#running.filter((candidate) => candidate !== running);
    this.#flow();
  }

  /** The connection is gone. */
  destroy(): void {
    for (const { stage } of this.#running) stage.destroy();
    this.#running = [];
  }

  #lineAfter(running: Running): Line {
    const next = (): Stage | undefined => this.#running[this.#running.indexOf(running) + 1]?.stage;
    let hasClosed = false;
    const line: Line = {
      push: (chunk) => {
        if (hasClosed) {
          line.drop(chunk.length);
          return;
        }
        const stage = next();
        if (stage !== undefined) {
          stage.write(chunk);
          return;
        }
        this.#heldBytes -= chunk.length;
        this.#deliver(chunk);
        this.#flow();
      },
      end: () => {
        if (hasClosed) return;
        const stage = next();
        if (stage !== undefined) stage.end();
        else if (this.#closesAtEnd) this.#ends.close();
        else this.#finish();
      },
      drop: (byteCount) => {
        this.#heldBytes -= byteCount;
      },
      close: () => {
        if (hasClosed) return;
        // What was passed on is still to go through the stages behind, and the close comes after it.
        this.#closesAtEnd = true;
        line.end();
        hasClosed = true;
      },
      reset: () => this.#ends.reset(),
      random: () => this.#ends.random(),
    };
    return line;
  }

  #finish(): void {
    this.flush();
    this.#ends.finish();
  }

  #deliver(chunk: Buffer): void {
    if (chunk.length < LARGE_BYTES_MIN) {
      if (this.#waiting.push(chunk) === 1) atEndOfTurn(this);
      return;
    }
    this.flush();
    this.#write(chunk);
  }

  #write(chunk: Buffer): void {
    if (this.#ends.destination.destroyed || this.#ends.destination.writableEnded) return;
    if (!this.#ends.destination.write(chunk)) {
      this.#sinkFull = true;
      this.#flow();
    }
    // After the write: whoever watches may answer with bytes that belong behind these.
    this.#ends.onDelivered(chunk);
  }

  #flow(): void {
    const { source } = this.#ends;
    const mustWait = this.#sinkFull || this.#heldByOwner || this.#heldBytes > HELD_BYTES_MAX;
    if (mustWait !== source.isPaused()) {
      if (mustWait) source.pause();
      else source.resume();
    }
  }
}

/** Stands in for the moment in which a stage is being made. */
const NO_STAGE: Stage = { write: () => {}, end: () => {}, release: () => {}, destroy: () => {} };
