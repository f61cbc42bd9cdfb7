/**
 * What a protocol makes of one connection: it watches the bytes both ways, reports what it
 * recognises, and may take a request for itself instead of letting it through. The contract:
 * every byte it does not take goes on unchanged and in order.
 */
import type { EndedBy, HistoryEvent, Unnumbered } from '../model/history.ts';
import type { Clock } from '../model/time.ts';

/** What a conversation needs from its connection. */
export interface ConversationEnds {
  readonly link: string;
  readonly connection: number;
  readonly now: Clock;
  emit(event: Unnumbered<HistoryEvent>): void;
  /** Sends bytes on towards the dependency. */
  forward(chunk: Buffer): void;
  /** Sends bytes towards the target, through the downstream toxics: the dependency's, or some of our own. */
  answer(chunk: Buffer): void;
  /** Closes the target's side in order after what was answered. */
  endAnswer(): void;
  /** Breaks the connection off on both sides: in order (FIN), or abruptly (RST). */
  abort(how: 'fin' | 'rst'): void;
  /** So long after bytes were sent to it, a target that has gone has answered them with RST. */
  readonly resetArrivesMs: number;
  /** Whether the target, after its FIN, has answered what was sent to it with RST. To be asked once, late. */
  targetHasReset(): boolean;
  /** Calls back after so many ms, unless the connection has gone by then. */
  after(ms: number, act: () => void): void;
  /** The Host header that requests to the dependency must bear; null: as the target sent it. */
  readonly hostHeader: string | null;
  /** A number in [0, 1) from the link's seeded source. */
  random(): number;
  /** True: read nothing more from the dependency until told otherwise. */
  holdDependency(hold: boolean): void;
  /** True: read nothing more from the target until told otherwise; its FIN and RST are not seen either. */
  holdTarget(hold: boolean): void;
  /** Ids of the faults at work on the connection now. */
  activeFaults(): readonly string[];
}

/** One connection as a protocol sees it. No method may throw: a parser that loses track steps aside. */
export interface Conversation {
  /**
   * True: of the chunks that it has passed on it keeps no bytes but copies, so that their memory can be
   * used again. Not told: it may keep some.
   */
  readonly keepsNothing?: boolean;
  /** True: by the protocol the target says the first word, so who has said none has asked for nothing. */
  readonly targetSpeaksFirst?: boolean;
  /** Bytes from the target; whatever is not taken must be forwarded. */
  fromTarget(chunk: Buffer): void;
  /** The target has sent FIN; whatever is held must be forwarded first. */
  targetEnded(): void;
  /** Bytes from the dependency; whatever is not taken must be answered. */
  fromDependency(chunk: Buffer): void;
  /** The dependency has sent FIN; `ends.endAnswer` passes it on. */
  dependencyEnded(): void;
  /** Bytes as they reach the target. */
  toTarget(chunk: Buffer): void;
  /** A fault came to the connection: it acts on everything under way. */
  touched(faultId: string): void;
  /** The connection is over, by FIN or abruptly (RST); whatever is under way is broken. */
  closed(endedBy: EndedBy, abrupt: boolean): void;
}

/** Knows nothing and passes everything. */
export function tcpConversation(ends: ConversationEnds): Conversation {
  return {
    keepsNothing: true,
    fromTarget: (chunk) => ends.forward(chunk),
    targetEnded: () => {},
    fromDependency: (chunk) => ends.answer(chunk),
    dependencyEnded: () => ends.endAnswer(),
    toTarget: () => {},
    touched: () => {},
    closed: () => {},
  };
}
