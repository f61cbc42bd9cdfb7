/**
 * The dependency's answers on one connection. Those that faults have taken hold of stand in line, each
 * with its filter; what belongs to none of them passes. More than one can stand in line: a filter may be
 * done with an answer before the dependency is, and the target then asks again.
 */
import type { ConversationEnds } from '../conversation.ts';
import type { HttpAct } from './fault.ts';
import { type AskedBy, FilteredAnswer } from './filtering.ts';

/** What becomes of a request whose answer a fault took hold of; one of the two is called, once. */
export interface Reserved {
  hit(): void;
  missed(): void;
}

interface InLine {
  answer: FilteredAnswer;
  missed(): void;
}

export class FilteredAnswers {
  readonly #ends: ConversationEnds;
  readonly #endAnswer: () => void;
  readonly #line: InLine[] = [];
  #targetEnded = false;
  #dependencyEnded = false;

  /** @param endAnswer closes the target's side in order, after what was answered */
  constructor(ends: ConversationEnds, endAnswer: () => void) {
    this.#ends = ends;
    this.#endAnswer = endAnswer;
  }

  /** No answer is in a fault's hands. */
  get isEmpty(): boolean {
    return this.#line.length === 0;
  }

  /** The next answer that is not in line yet goes through this filter. */
  take(asked: AskedBy, act: HttpAct & { do: 'filter' }, reserved: Reserved): void {
    const ends = this.#ends;
    let isTold = false;
    const tell = (what: keyof Reserved) => (): void => {
      if (isTold) return;
      isTold = true;
      reserved[what]();
    };
    const answer = new FilteredAnswer(asked, act.filter, {
      answer: (chunk) => ends.answer(chunk),
      endAnswer: () => this.#endAnswer(),
      abort: (how) => ends.abort(how),
      after: (ms, later) => ends.after(ms, later),
      random: () => ends.random(),
      holdDependency: (hold) => ends.holdDependency(hold),
      hit: tell('hit'),
      done: (leftover) => this.#done(leftover),
    });
    this.#line.push({ answer, missed: tell('missed') });
  }

  fromDependency(chunk: Buffer): void {
    const first = this.#line[0];
    if (first === undefined) this.#ends.answer(chunk);
    else first.answer.push(chunk);
  }

  dependencyEnded(): void {
    this.#dependencyEnded = true;
    const first = this.#line[0];
    if (first === undefined) this.#endAnswer();
    else first.answer.dependencyEnded();
    this.#endUnlessAwaited();
  }

  /** The target has sent FIN. */
  targetEnded(): void {
    this.#targetEnded = true;
    this.#endUnlessAwaited();
  }

  /** The connection is over: what no fault has acted on by now, none will. */
  closed(): void {
    for (const { missed } of this.#line.splice(0)) missed();
  }

  /** A connection that both sides have left would stay for ever, if it were for a filter that leaves it hanging. */
  #endUnlessAwaited(): void {
    const isLeft = this.#targetEnded && this.#dependencyEnded;
    if (isLeft && this.#line[0]?.answer.isLeftHanging === true) this.#endAnswer();
  }

  #done(leftover: readonly Buffer[]): void {
    this.#line.shift()?.missed();
    for (const chunk of leftover) this.fromDependency(chunk);
    if (this.#dependencyEnded) this.dependencyEnded();
  }
}
