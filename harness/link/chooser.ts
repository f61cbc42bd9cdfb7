/**
 * Decides, one after the other, on which of the things that match it a fault acts: the nth, every
 * nth, so many at most, a share of them. What the things are (connections, exchanges, statements) it
 * need not know.
 */
import type { Fault } from '../model/fault.ts';

export class Chooser {
  readonly #spec: Pick<Fault, 'match' | 'times'>;
  readonly #random: () => number;
  #seen = 0;
  #hits = 0;

  /** @param random this fault's own dice, so that other faults and toxics do not disturb its draws. */
  constructor(spec: Pick<Fault, 'match' | 'times'>, random: () => number) {
    this.#spec = spec;
    this.#random = random;
  }

  /** How often it has acted. */
  get hits(): number {
    return this.#hits;
  }

  /** Whether to act on the thing at hand, which is counted either way. `share` is asked anew: it can be changed. */
  take(share: number): boolean {
    const { match, times } = this.#spec;
    this.#seen++;
    // Drawn for each, also where it cannot matter: the nth draw must not depend on what was matched before.
    const drawn = this.#random() < share;
    if (!drawn || this.#hits >= (times ?? Infinity)) return false;
    if (match?.nth !== undefined && this.#seen !== match.nth) return false;
    if (match?.every !== undefined && this.#seen % match.every !== 0) return false;
    this.#hits++;
    return true;
  }

  /** Takes a hit back: the fault looked closer and let the thing pass. */
  untake(): void {
    this.#hits--;
  }
}
