/** A conversation's ends without sockets: what it forwards and answers is collected. */
import type { ConversationEnds } from '../../harness/link/conversation.ts';
import type { HistoryEvent, Unnumbered } from '../../harness/model/history.ts';

export interface CollectedEnds extends ConversationEnds {
  forwarded: Buffer[];
  answered: Buffer[];
  events: Unnumbered<HistoryEvent>[];
  aborted: ('fin' | 'rst')[];
}

/** Timers fire at once; every draw is 0. */
export function collectedEnds(link = 'llm'): CollectedEnds {
  const ends: CollectedEnds = {
    link,
    connection: 1,
    forwarded: [],
    answered: [],
    events: [],
    aborted: [],
    hostHeader: null,
    now: () => 0,
    emit: (event) => void ends.events.push(event),
    forward: (chunk) => void ends.forwarded.push(Buffer.from(chunk)),
    answer: (chunk) => void ends.answered.push(Buffer.from(chunk)),
    endAnswer: () => {},
    resetArrivesMs: 25,
    abort: (how) => void ends.aborted.push(how),
    targetHasReset: () => false,
    after: (_ms, act) => act(),
    random: () => 0,
    holdDependency: () => {},
    holdTarget: () => {},
    activeFaults: () => [],
  };
  return ends;
}
