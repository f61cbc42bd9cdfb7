/**
 * Messages of the server, or ours in their place, on their way to the target: toxics may hold them up, and
 * what they mean for statements counts from the moment they are there.
 */
import type { Answer } from './statements.ts';

export class Delivery {
  readonly #underWay: Answer[] = [];
  #deliveredBytes = 0;

  add(answer: Answer): void {
    this.#underWay.push(answer);
  }

  /** More bytes have reached the target; hands out the messages that are complete with them. */
  delivered(byteCount: number, arrived: (answer: Answer) => void): void {
    this.#deliveredBytes += byteCount;
    let next = this.#underWay[0];
    while (next !== undefined && next.endsAt <= this.#deliveredBytes) {
      this.#underWay.shift();
      arrived(next);
      next = this.#underWay[0];
    }
  }

  forget(): void {
    this.#underWay.length = 0;
  }
}
