/** What must end by itself after a time, whoever has forgotten it. */

export class Leases {
  readonly #timers = new Map<unknown, NodeJS.Timeout>();
  readonly #onStuck: (error: unknown, name: string) => void;

  /** @param onStuck called where what has expired cannot be lifted */
  constructor(onStuck: (error: unknown, name: string) => void) {
    this.#onStuck = onStuck;
  }

  /**
   * Lifts `what` after so many ms, if it is to be lifted at all.
   * @param what tells leases apart: a toxic and a fault may have the same name
   */
  begin(what: unknown, name: string, expiresMs: number | undefined, lift: () => void | Promise<void>): void {
    if (expiresMs === undefined) return;
    const expire = async (): Promise<void> => {
      this.#timers.delete(what);
      try {
        await lift();
      } catch (error) {
        this.#onStuck(error, name);
      }
    };
    this.#timers.set(
      what,
      setTimeout(() => void expire(), expiresMs),
    );
  }

  /** Forgets it: it has been lifted. */
  end(what: unknown): void {
    clearTimeout(this.#timers.get(what));
    this.#timers.delete(what);
  }

  endAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
