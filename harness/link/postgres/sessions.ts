/** What the connections of one PostgreSQL link share: how many sessions live on it, and what has been said once. */

export class PostgresSessions {
  #live = 0;
  #encryptionTold = false;

  /** Sessions that have begun and not ended. */
  get live(): number {
    return this.#live;
  }

  /** A session begins. Call what is returned when it ends; more than once does no harm. */
  begin(): () => void {
    this.#live++;
    let ended = false;
    return () => {
      if (!ended) this.#live--;
      ended = true;
    };
  }

  /** Whether it is now, for the first time, to be said that a stream is encrypted. */
  tellEncryption(): boolean {
    const isFirst = !this.#encryptionTold;
    this.#encryptionTold = true;
    return isFirst;
  }
}
