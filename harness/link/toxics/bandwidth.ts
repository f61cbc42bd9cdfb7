/** Passes at most `rate` KB/s (1 KB = 1000 bytes, as Toxiproxy counts); `rate` 0 stops the stream. */
import { z } from 'zod';
import { defineToxic, type Line, type Stage } from '../toxic.ts';

const Attributes = z.strictObject({
  /** KB/s */
  rate: z.int().min(0).default(0),
});
type Attributes = z.infer<typeof Attributes>;

/** Bytes leave in slices that take this long, so that a large chunk does not arrive in one lump. */
const SLICE_MS = 20;

/** So much of being late is caught up with; after a longer stall the stream goes on at its rate. */
const LATE_MS_MAX = 100;

/** How often a stopped stream (rate 0) looks whether its rate was raised. */
const STOPPED_POLL_MS = 50;

export const bandwidth = defineToxic<Attributes>({
  type: 'bandwidth',
  attributes: Attributes,
  attach: (line, attributes) => new Bandwidth(line, attributes),
});

class Bandwidth implements Stage {
  readonly #line: Line;
  readonly #attributes: () => Attributes;
  readonly #held: Buffer[] = [];
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the bytes passed so far have used up their time. */
  #paidUntilMs = 0;

  constructor(line: Line, attributes: () => Attributes) {
    this.#line = line;
    this.#attributes = attributes;
  }

  write(chunk: Buffer): void {
    this.#held.push(chunk);
    if (this.#timer !== undefined) return;
    // After a pause nothing is owed; time that was not used is not saved up either.
    this.#paidUntilMs = Math.max(performance.now(), this.#paidUntilMs);
    this.#pace();
  }

  end(): void {
    this.#ended = true;
    if (this.#held.length === 0) this.#line.end();
  }

  release(): void {
    this.destroy();
    for (const chunk of this.#held.splice(0)) this.#line.push(chunk);
    if (this.#ended) this.#line.end();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Takes the next slice and sends it when its transmission time is over. */
  #pace(): void {
    const chunk = this.#held[0];
    if (chunk === undefined) {
      if (this.#ended) this.#line.end();
      return;
    }
    const bytesPerMs = this.#attributes().rate;
    if (bytesPerMs === 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#paidUntilMs = performance.now();
        this.#pace();
      }, STOPPED_POLL_MS);
      return;
    }
    const sliceBytes = Math.min(chunk.length, Math.max(1, Math.floor(bytesPerMs * SLICE_MS)));
    // Time is owed from the end of the slice before, not from now: late timers do not slow the stream.
    const owedSinceMs = Math.max(performance.now() - LATE_MS_MAX, this.#paidUntilMs);
    this.#paidUntilMs = owedSinceMs + sliceBytes / bytesPerMs;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (sliceBytes === chunk.length) this.#held.shift();
        else this.#held[0] = chunk.subarray(sliceBytes);
        this.#line.push(chunk.subarray(0, sliceBytes));
        if (this.#timer === undefined) this.#pace();
      },
      Math.max(0, this.#paidUntilMs - performance.now()),
    );
  }
}
