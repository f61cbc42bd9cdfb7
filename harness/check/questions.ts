/**
 * Answers to the same question, side by side. Where the config says which part of an answer is compared, the history
 * holds a hash of the question and one of that part: what was answered live is the model for what is served later.
 */
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { isLive } from './served.ts';

/** What was asked, and what became of it, by question. */
export class Questions {
  readonly #byQuestion: ReadonlyMap<string | undefined, RequestEvent[]>;

  constructor(history: History) {
    const asked = eventsOf(history, 'request').filter(({ question }) => question !== undefined);
    this.#byQuestion = Map.groupBy(asked, ({ question }) => question);
  }

  /** Whether any answer was looked into. */
  get isEmpty(): boolean {
    return this.#byQuestion.size === 0;
  }

  /** What the target may have kept of this question when it gave an answer: all that was answered live until then. */
  modelsOf(answer: RequestEvent): RequestEvent[] {
    return this.#asked(answer).filter((earlier) => isLive(earlier) && earlier.startT <= answer.endT);
  }

  /**
   * True where the target may have kept an answer that nobody saw: an earlier request for the same question was
   * given up by its caller, or broke.
   */
  hasUnseen(answer: RequestEvent): boolean {
    return this.#asked(answer).some(
      (earlier) =>
        (earlier.outcome === 'timeout' || earlier.outcome === 'broken') && earlier.startT <= answer.endT,
    );
  }

  #asked({ question }: RequestEvent): readonly RequestEvent[] {
    return this.#byQuestion.get(question) ?? [];
  }
}
