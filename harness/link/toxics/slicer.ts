/**
 * Cuts data into pieces of `average_size` ± `size_variation` bytes and waits `delay` µs between
 * them. The two sizes that crash Toxiproxy (no size, variation ≥ size: #541) are refused here.
 */
import { z } from 'zod';
import { defineToxic, type Line, type Stage } from '../toxic.ts';

const Attributes = z
  .strictObject({
    /** bytes */
    average_size: z.int().min(1),
    /** bytes, less than average_size */
    size_variation: z.int().min(0).default(0),
    /** µs between pieces */
    delay: z.int().min(0).default(0),
  })
  .refine((a) => a.size_variation < a.average_size, 'size_variation must be below average_size');
type Attributes = z.infer<typeof Attributes>;

const US_PER_MS = 1000;

export const slicer = defineToxic<Attributes>({
  type: 'slicer',
  attributes: Attributes,
  attach: (line, attributes) => new Slicer(line, attributes),
});

class Slicer implements Stage {
  readonly #line: Line;
  readonly #attributes: () => Attributes;
  readonly #held: Buffer[] = [];
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(line: Line, attributes: () => Attributes) {
    this.#line = line;
    this.#attributes = attributes;
  }

  write(chunk: Buffer): void {
    const { average_size: averageBytes, size_variation: variationBytes } = this.#attributes();
    let from = 0;
    while (from < chunk.length) {
      const sizeBytes = averageBytes + Math.round(variationBytes * (2 * this.#line.random() - 1));
      this.#held.push(chunk.subarray(from, from + sizeBytes));
      from += sizeBytes;
    }
    if (this.#timer === undefined) this.#next();
  }

  end(): void {
    this.#ended = true;
    if (this.#held.length === 0 && this.#timer === undefined) this.#line.end();
  }

  release(): void {
    this.destroy();
    for (const piece of this.#held.splice(0)) this.#line.push(piece);
    if (this.#ended) this.#line.end();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(): void {
    const piece = this.#held.shift();
    if (piece === undefined) {
      if (this.#ended) this.#line.end();
      return;
    }
    this.#line.push(piece);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#next();
    }, this.#attributes().delay / US_PER_MS);
  }
}
