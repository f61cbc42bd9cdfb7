/**
 * What an experiment can do and see: ask the target, decide the fate of what reaches the link, and read
 * what was there. Behind it stands a running environment, or a simulated service on a virtual clock; an
 * experiment cannot tell which.
 */
import type { EndedBy } from '../model/history.ts';
import type { Ms } from '../model/time.ts';

/** The ways a dependency that speaks HTTP can fail a request. `refused`, `black-hole`: nothing reaches the link. */
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
/**
 * The same of a PostgreSQL. `slow-headers`: a statement is not answered; `slow-startup`: a new session is not. Those
 * after which a dial may still come through when it is over are last.
 */
export const POSTGRES_SHAPES = [
  'error-08006',
  'error-53100',
  'error-57014',
  'error-40001',
  'error-25006',
  'killed-57P01',
  'cut-before-commit',
  'cut-after-commit',
  'slow-headers',
  'refused-53300',
  'accept-then-fin',
  'rst',
  'slow-startup',
  'refused',
  'black-hole',
] as const;
/** The same of what nobody reads the bytes of. */
export const TCP_SHAPES = [
  'accept-then-fin',
  'rst',
  'slow-headers',
  'truncated-stream',
  'narrow',
  'refused',
  'black-hole',
] as const;
export type Shape = (typeof SHAPES)[number] | (typeof POSTGRES_SHAPES)[number] | (typeof TCP_SHAPES)[number];
/**
 * Shapes that are means to an end, not ways to fail. `held`: answers are kept back and come when it is healed.
 * `drip`: the head, then a body that never stops coming slowly.
 */
export type Condition = Shape | 'held' | 'drip';

/** How a link can be made to fail, by what it reads. */
export interface Ways {
  /** The rows of the failure matrix. */
  readonly shapes: readonly Shape[];
  /** Those that a breaker counts if it counts anything, in the order in which they are tried. */
  readonly counted: readonly Shape[];
  /** Leaves no connection behind on which a later request could go. */
  readonly parting: Shape;
  /** What else may be the matter where no call is seen on the link. */
  readonly hint?: string;
}

export const HTTP_WAYS: Ways = {
  shapes: SHAPES,
  counted: ['status-503', 'status-500', 'rst', 'accept-then-fin'],
  parting: 'rst',
};

/** Shapes of which the link sees nothing, so that attempts cannot be counted. */
export const UNSEEN: ReadonlySet<Condition> = new Set(['refused', 'black-hole']);
/** Shapes that end only when somebody gives up. */
export const ENDLESS: ReadonlySet<Condition> = new Set([
  'black-hole',
  'slow-startup',
  'slow-headers',
  'stalled-stream',
  'drip',
]);
/** Seconds that `…-retry-after` asks for. */
export const RETRY_AFTER_S = 1;

/** One try of the target on the link, over. Times are ms of the bench's clock. */
export interface Attempt {
  startMs: Ms;
  /** When the request itself went out, where a connection was made for it first; left out: at its start. */
  sentMs?: Ms;
  endMs: Ms;
  firstByteMs: Ms | null;
  status: number | null;
  /** Whether the dependency answered it, and well. */
  ok: boolean;
  endedBy: EndedBy;
  /** The same for attempts of one call; null: nothing on the wire tells which call it was made for. */
  call: string | null;
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
  /** How the link can be made to fail; left out: as one that reads HTTP. */
  readonly ways?: Ways;
  /**
   * Looks back on the calls of this kind, all of which went well, for what each of them did on the link first: from
   * here on an attempt is that, and nothing else. Left out: every exchange is an attempt.
   * @returns how many such things one call does, one after the other; 0: nothing that all of them do
   */
  learn?(kind: string): number;
  /** Attempts since then that were seen and that no call of ours can have made; left out: nobody can tell. */
  strays?(fromMs: Ms): number;
}
