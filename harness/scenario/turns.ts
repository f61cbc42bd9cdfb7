/**
 * Which scenarios may run beside each other, so that a slow machine makes a suite slow, and not red. Where one found
 * it too busy to judge by, one fewer runs at once than ran beside it; when that has gone well for a while it is tried
 * once more, as what came first may have been a moment's load (congestion control does so: RFC 5681). Environments
 * that come up take more of a machine than those that are up, so they come up a few at a time.
 */
import { availableParallelism } from 'node:os';

/** A scenario may run until it says that it is over. */
export interface Turn extends Disposable {
  /** Its environment is up: another may come up. */
  up(): void;
  /** The machine could not bear those that ran during this turn. */
  tooBusy(): void;
}

/** Who hands out turns. */
export interface Turns {
  /** Settles when one may run: alone, or beside others. */
  take(alone: boolean): Promise<Turn>;
}

/** A number at once that was too many so often is not tried again. */
const STRIKES_MAX = 2;
/** One more is tried after so many turns in a row, for each of those at once, that went well. */
const GOOD_EACH = 2;

interface Running {
  /** The most that ran at once meanwhile. */
  most: number;
  isUp: boolean;
  wasTooBusy: boolean;
}

/** Turns of one process, given in the order in which they were asked for. */
export class LocalTurns implements Turns {
  readonly #waiting: { alone: boolean; begin: (turn: Turn) => void }[] = [];
  readonly #running = new Set<Running>();
  readonly #comingUpMax: number;
  #isAlone = false;
  #most = Number.POSITIVE_INFINITY;
  /** How often so many at once were too many. */
  readonly #strikes = new Map<number, number>();
  /** Turns that went well since the limit was changed, with as many at once as it allows. */
  #good = 0;

  /** @param comingUpMax environments that come up at a time; left out: one for each processor */
  constructor(comingUpMax = availableParallelism()) {
    this.#comingUpMax = comingUpMax;
  }

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
      if ([...this.#running].filter(({ isUp }) => !isUp).length >= this.#comingUpMax) return;
      this.#waiting.shift();
      this.#isAlone = first.alone;
      first.begin(this.#turn());
    }
  }

  #turn(): Turn {
    const own: Running = { most: 0, isUp: false, wasTooBusy: false };
    this.#running.add(own);
    for (const one of this.#running) one.most = Math.max(one.most, this.#running.size);
    return {
      up: () => {
        own.isUp = true;
        this.#next();
      },
      tooBusy: () => {
        own.wasTooBusy = true;
        this.#fewer(own.most);
      },
      [Symbol.dispose]: () => {
        if (!this.#running.delete(own)) return;
        this.#isAlone = false;
        if (!own.wasTooBusy && own.most >= this.#most) this.#wentWell();
        this.#next();
      },
    };
  }

  #fewer(tooMany: number): void {
    this.#good = 0;
    const most = Math.max(1, tooMany - 1);
    // Of those that ran beside each other several may say so, and it was one time.
    if (most >= this.#most) return;
    this.#most = most;
    this.#strikes.set(tooMany, (this.#strikes.get(tooMany) ?? 0) + 1);
  }

  #wentWell(): void {
    this.#good++;
    if (this.#good < GOOD_EACH * this.#most) return;
    if ((this.#strikes.get(this.#most + 1) ?? 0) >= STRIKES_MAX) return;
    this.#most++;
    this.#good = 0;
  }
}
