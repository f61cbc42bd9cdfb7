/**
 * A link by what it reads: what is injected for each condition, and what an attempt is on it. It holds what passes
 * until it is over, and knows nothing of calls.
 */

import type { FaultInput } from '../../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../../model/history.ts';
import type { Ms } from '../../model/time.ts';
import type { Attempt, Condition, Ways } from '../bench.ts';

/** An attempt as the wire shows it. */
export interface Sighting extends Omit<Attempt, 'call'> {
  /** The same for attempts of one call; null: the wire does not say. */
  call: string | null;
  /** Trace id it carried, if any. */
  trace: string | null;
  /** The same for attempts that ask for the same kind of thing; null: it was over before it asked. */
  asks: string | null;
}

/** What the attempts of one kind of request ask for. */
export interface Asks {
  asks: string;
  /** Their first statement. */
  command: string;
  isTransaction: boolean;
}

/** What is injected for a condition. */
export interface Injection {
  faults: readonly FaultInput[];
  /** True: it acts on new connections only, so that those which are open must go first. */
  parts?: true;
}

export interface Wire {
  readonly ways: Ways;
  /** Something under way will be over in a moment, by itself. */
  readonly isPending: boolean;
  /** @returns why it cannot be had on this link, or what to inject. `about`: only what asks for this need be hit. */
  injection(condition: Condition, about?: Asks): Injection | string;
  /** Takes in an event of the link; tells of the attempts that are over by it. */
  see(event: Unnumbered<HistoryEvent>, isSpoilt: (faults: readonly string[]) => boolean): Sighting[];
  /** What a sighting that came off asks for, in other words; left out: nothing but exchanges can be told apart. */
  describe?(asks: string): Asks;
}

/** Longer than any bench is patient; what is held so long comes when it is let go. */
export const FOR_EVER_MS: Ms = 3_600_000;
