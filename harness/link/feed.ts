/** Hands what links report to whoever listens: the run's history, a person at an event stream. */
import type { HistoryEvent, Unnumbered } from '../model/history.ts';

export type LinkEvent = Unnumbered<HistoryEvent>;

export class EventFeed {
  readonly #listeners = new Set<(event: LinkEvent) => void>();

  readonly emit = (event: LinkEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };

  /** Calls `listener` with every event from now on, until the function it returns is called. */
  subscribe(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
