/** Draws of the shapes that a schedule is made of, from one seed. */
import { seededRandom } from '../model/random.ts';

export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number from `least` to `most`, both possible. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** From `least` to `most`, evenly in the logarithm: as often from 10 to 100 as from 100 to 1000. */
  spread(least: number, most: number): number {
    return least * (most / least) ** this.#random();
  }

  /** @throws RangeError where there is nothing to choose from */
  one<T>(of: readonly T[]): T {
    if (of.length === 0) throw new RangeError('there is nothing to choose from');
    return of[Math.floor(this.#random() * of.length)] as T;
  }

  /** So many of them, in an order that is drawn too; all where there are fewer. */
  some<T>(of: readonly T[], count: number): T[] {
    const left = [...of];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0)
      taken.push(...left.splice(Math.floor(this.#random() * left.length), 1));
    return taken;
  }
}
