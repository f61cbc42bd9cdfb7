/**
 * What an experiment can do and see: ask the target, decide the fate of what reaches the link, and read
 * what was there. Behind it stands a running environment, or a simulated service on a virtual clock; an
 * experiment cannot tell which.
 */
import type { EndedBy } from '../model/history.ts';
import type { Ms } from '../model/time.ts';

/**
 * The ways a dependency can fail a request. `refused`, `black-hole`: nothing reaches the link. `held`: answers
 * are kept back and come when it is healed. `drip`: the head, then a body that never stops coming slowly.
 */
export const SHAPES = [
  'refused',
  'accept-then-fin',
  'rst',
  'black-hole',
  'slow-headers',
  'status-500',
  'status-503',
  'status-503-retry-after',
  'status-429',
  'status-429-retry-after',
  'status-400',
  'malformed-200',
  'truncated-stream',
  'stalled-stream',
] as const;
export type Shape = (typeof SHAPES)[number];
/** Shapes that are means to an end, not ways to fail. */
export type Condition = Shape | 'held' | 'drip';

/** Shapes of which the link sees nothing, so that attempts cannot be counted. */
export const UNSEEN: ReadonlySet<Condition> = new Set(['refused', 'black-hole']);
/** Shapes that end only when somebody gives up. */
export const ENDLESS: ReadonlySet<Condition> = new Set([
  'black-hole',
  'slow-headers',
  'stalled-stream',
  'drip',
]);
/** Seconds that `…-retry-after` asks for. */
export const RETRY_AFTER_S = 1;

/** One try of the target on the link, over. Times are ms of the bench's clock. */
export interface Attempt {
  startMs: Ms;
  endMs: Ms;
  firstByteMs: Ms | null;
  status: number | null;
  /** Whether the dependency answered it, and well. */
  ok: boolean;
  endedBy: EndedBy;
  /** The same for attempts of one call: method, path and body. */
  call: string;
}

/** What the caller got. */
export interface Reply {
  startMs: Ms;
  endMs: Ms;
  /** 2xx. */
  ok: boolean;
  /** Null: no answer came before the bench gave up, or the connection broke. */
  status: number | null;
  /** How the answer says it was served; null: it does not say. */
  servedBy: string | null;
}

/** A request under way. */
export interface Asked {
  reply: Promise<Reply>;
  /** The caller hangs up. */
  abandon(): void;
}

export interface Bench {
  readonly link: string;
  /** Kinds of request that use the link. */
  readonly kinds: readonly string[];
  /** Requests sent so far. */
  readonly askedCount: number;
  now(): Ms;
  wait(ms: Ms): Promise<void>;
  /**
   * From its return on whatever reaches the link meets this, in place of what was armed before.
   * @param times only so many attempts; later ones are well again
   * @returns why it cannot be had on this link; null: it is armed
   */
  arm(condition: Condition, times?: number): Promise<string | null>;
  /** From its return on all is well. */
  heal(): Promise<void>;
  /** Sends a request; `key` makes it the same request as another with that key, left out it is like no other. */
  ask(kind: string, key?: string): Asked;
  /** Attempts that were over when it was called, in the order of their starts. */
  attempts(): Promise<readonly Attempt[]>;
}
