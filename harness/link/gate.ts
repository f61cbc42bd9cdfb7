/**
 * Lets a toxic wait: until so many bytes have passed in its direction, or until its connection has
 * reached an age. Before that, bytes pass as if the toxic were not there.
 */
import type { Line, Stage, Toxic } from './toxic.ts';

/**
 * Puts a toxic on a line, at once or behind a gate.
 * @param ageMs how old the connection is
 * @param onOpen called when the toxic begins to act
 */
export function attach(toxic: Toxic, line: Line, ageMs: number, onOpen: () => void): Stage {
  const { afterBytes = 0, afterMs = 0 } = toxic.match;
  const start = (): Stage => {
    onOpen();
    return toxic.kind.attach(line, () => toxic.attributes);
  };
  if (afterBytes === 0 && afterMs <= ageMs) return start();
  return new Gate(line, afterBytes, afterMs - ageMs, start);
}

class Gate implements Stage {
  readonly #line: Line;
  readonly #start: () => Stage;
  #leftBytes: number;
  #timer: NodeJS.Timeout | undefined;
  #inner: Stage | null = null;
  #ended = false;

  constructor(line: Line, afterBytes: number, waitMs: number, start: () => Stage) {
    this.#line = line;
    this.#leftBytes = afterBytes;
    this.#start = start;
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#tryOpen();
      }, waitMs);
    }
  }

  write(chunk: Buffer): void {
    if (this.#inner !== null) {
      this.#inner.write(chunk);
      return;
    }
    const passing = Math.min(chunk.length, this.#leftBytes);
    this.#leftBytes -= passing;
    this.#tryOpen();
    // Until the age is reached everything passes; at the byte count, exactly so many do.
    const inner = this.#inner as Stage | null;
    if (inner === null) {
      this.#line.push(chunk);
      return;
    }
    if (passing > 0) this.#line.push(chunk.subarray(0, passing));
    if (passing < chunk.length) inner.write(chunk.subarray(passing));
  }

  end(): void {
    this.#ended = true;
    if (this.#inner === null) this.#line.end();
    else this.#inner.end();
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#inner?.release();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#inner?.destroy();
  }

  #tryOpen(): void {
    if (this.#leftBytes > 0 || this.#timer !== undefined || this.#ended) return;
    this.#inner = this.#start();
  }
}
