/** Delays each chunk by `latency` ± `jitter` ms, counted from its arrival; chunks keep their order. */
import { z } from 'zod';
import { defineToxic, type Line, type Stage } from '../toxic.ts';

const Attributes = z.strictObject({
  /** ms */
  latency: z.int().min(0).default(0),
  /** ms; the delay is drawn evenly from latency − jitter to latency + jitter */
  jitter: z.int().min(0).default(0),
});
type Attributes = z.infer<typeof Attributes>;

export const latency = defineToxic<Attributes>({
  type: 'latency',
  attributes: Attributes,
  attach: (line, attributes) => new Latency(line, attributes),
});

interface Held {
  chunk: Buffer | null; // null: the FIN, which waits its turn behind the data but is not itself delayed
  dueMs: number;
}

class Latency implements Stage {
  readonly #line: Line;
  readonly #attributes: () => Attributes;
  readonly #held: Held[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(line: Line, attributes: () => Attributes) {
    this.#line = line;
    this.#attributes = attributes;
  }

  write(chunk: Buffer): void {
    const { latency, jitter } = this.#attributes();
    const delayMs = Math.max(0, latency + jitter * (2 * this.#line.random() - 1));
    this.#hold(chunk, performance.now() + delayMs);
  }

  end(): void {
    this.#hold(null, 0);
  }

  release(): void {
    this.destroy();
    for (const { chunk } of this.#held.splice(0)) this.#pass(chunk);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hold(chunk: Buffer | null, dueMs: number): void {
    // A stream cannot overtake itself: with jitter, a chunk is due no earlier than the one before.
    const last = this.#held.at(-1);
    this.#held.push({ chunk, dueMs: Math.max(dueMs, last?.dueMs ?? 0) });
    if (this.#timer === undefined) this.#arm();
  }

  #arm(): void {
    const next = this.#held[0];
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#drain(), Math.max(0, next.dueMs - performance.now()));
  }

  #drain(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (let next = this.#held[0]; next !== undefined && next.dueMs <= nowMs; next = this.#held[0]) {
      this.#held.shift();
      this.#pass(next.chunk);
    }
    if (this.#timer === undefined) this.#arm();
  }

  #pass(chunk: Buffer | null): void {
    if (chunk === null) this.#line.end();
    else this.#line.push(chunk);
  }
}
