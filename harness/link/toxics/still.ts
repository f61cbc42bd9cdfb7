/**
 * Nothing passes: bytes and FIN wait, nothing is dropped, and all of it goes on when it is released. What
 * a partition does to a connection. Not a toxic of its own; others are made of it.
 */
import { z } from 'zod';
import type { Line, Stage, ToxicType } from '../toxic.ts';

export const still: ToxicType = {
  type: 'still',
  attributes: z.strictObject({}),
  attach: (line) => new Still(line),
};

class Still implements Stage {
  readonly #line: Line;
  readonly #held: Buffer[] = [];
  #ended = false;

  constructor(line: Line) {
    this.#line = line;
  }

  write(chunk: Buffer): void {
    this.#held.push(chunk); // the pipe stops its source when too much is held
  }

  end(): void {
    this.#ended = true;
  }

  release(): void {
    for (const chunk of this.#held.splice(0)) this.#line.push(chunk);
    if (this.#ended) this.#line.end();
  }

  destroy(): void {}
}
