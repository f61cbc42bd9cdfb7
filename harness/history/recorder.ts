/**
 * Collects the events of one run from all who see them, and puts them in one order of time. It keeps
 * them in memory, bounded, and numbers them when the run is over.
 */
import type { History, HistoryEvent, HistoryHeader, Unnumbered } from '../model/history.ts';

/** A run that makes more events than this says so and keeps the first ones: about 1 GB of history. */
const EVENTS_MAX = 2_000_000;

export class Recorder {
  readonly #events: Unnumbered<HistoryEvent>[] = [];
  #lost = 0;

  readonly record = (event: Unnumbered<HistoryEvent>): void => {
    if (this.#events.length < EVENTS_MAX) this.#events.push(event);
    else this.#lost++;
  };

  /** The history so far. Events of the same instant keep the order in which they were recorded. */
  history(header: HistoryHeader): History {
    const events: Unnumbered<HistoryEvent>[] = [...this.#events];
    if (this.#lost > 0) {
      const t = events.at(-1)?.t ?? 0;
      events.push({
        kind: 'note',
        t,
        text: `${this.#lost} events were dropped: a history holds at most ${EVENTS_MAX}`,
      });
    }
    events.sort((a, b) => a.t - b.t);
    return { header, events: events.map((event, id) => ({ ...event, id }) as HistoryEvent) };
  }
}
