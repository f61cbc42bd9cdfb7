/**
 * Which scenarios may run beside each other. One that found the machine too busy to judge by runs again alone, and
 * from then on one fewer run at once than there were beside it: a slow machine makes a suite slow, and not red.
 */

/** A scenario may run until it says that it is over. */
export interface Turn extends Disposable {
  /** The machine could not bear those that ran during this turn. */
  tooBusy(): void;
}

/** Who hands out turns. */
export interface Turns {
  /** Settles when one may run: alone, or beside others. */
  take(alone: boolean): Promise<Turn>;
}

/** Turns of one process, given in the order in which they were asked for. */
export class LocalTurns implements Turns {
  readonly #waiting: { alone: boolean; begin: (turn: Turn) => void }[] = [];
  /** Those that run, each with the most that ran at once meanwhile. */
  readonly #running = new Set<{ most: number }>();
  #isAlone = false;
  #most = Number.POSITIVE_INFINITY;

  take(alone: boolean): Promise<Turn> {
    return new Promise((begin) => {
      this.#waiting.push({ alone, begin });
      this.#next();
    });
  }

  /** Lets begin whoever may; one that waits to be alone is not overtaken, else it might wait for ever. */
  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || this.#isAlone) return;
      if (this.#running.size >= (first.alone ? 1 : this.#most)) return;
      this.#waiting.shift();
      this.#isAlone = first.alone;
      first.begin(this.#turn());
    }
  }

  #turn(): Turn {
    const own = { most: 0 };
    this.#running.add(own);
    for (const one of this.#running) one.most = Math.max(one.most, this.#running.size);
    return {
      tooBusy: () => {
        this.#most = Math.max(1, Math.min(this.#most, own.most - 1));
      },
      [Symbol.dispose]: () => {
        if (!this.#running.delete(own)) return;
        this.#isAlone = false;
        this.#next();
      },
    };
  }
}
