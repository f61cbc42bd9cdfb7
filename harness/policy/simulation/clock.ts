/**
 * Time that passes only when nobody has anything left to do: code with timers and promises runs as on a
 * real clock, thousands of times as fast, and the same way each time.
 */
import type { Ms } from '../../model/time.ts';

interface Sleeper {
  atMs: Ms;
  /** Those due at the same moment wake in the order in which they fell asleep. */
  order: number;
  wake(): void;
}

export class VirtualClock {
  #nowMs = 0;
  #order = 0;
  /** A heap: the one due first is at its root. */
  readonly #sleepers: Sleeper[] = [];

  now(): Ms {
    return this.#nowMs;
  }

  sleep(ms: Ms): Promise<void> {
    return new Promise((resolve) => this.at(this.#nowMs + Math.max(0, ms), resolve));
  }

  /** Calls `wake` when it is `atMs`. */
  at(atMs: Ms, wake: () => void): void {
    const heap = this.#sleepers;
    let index = heap.push({ atMs, order: this.#order++, wake }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Runs until `main` settles. @throws Error when everybody waits for somebody else */
  async run<T>(main: Promise<T>): Promise<T> {
    let isOver = false;
    const over = main.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve)); // all promises that can settle have settled
      if (isOver) break;
      const next = this.#pop();
      if (next === undefined)
        throw new Error('the simulation stands still: everybody waits for somebody else');
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    return over;
  }

  #pop(): Sleeper | undefined {
    const heap = this.#sleepers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, index)) break;
      this.#swap(index, child);
      index = child;
    }
    return first;
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#sleepers[a], this.#sleepers[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#sleepers[a], this.#sleepers[b]];
    if (one === undefined || other === undefined) return;
    this.#sleepers[a] = other;
    this.#sleepers[b] = one;
  }
}
