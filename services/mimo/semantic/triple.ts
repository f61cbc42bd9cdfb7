/** What the semantic store holds: nodes, and statements about two of them. */

/** A thing, told from others by type and id together: the person "Ada" is not the language "Ada". */
export interface Node {
  readonly type: string;
  readonly id: string;
}

/** A statement to be stored. */
export interface NewTriple {
  readonly subject: Node;
  readonly predicate: string;
  readonly object: Node;
  /** 0 to 1. */
  readonly confidence: number;
  readonly source: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Time from now on during which it holds, in s; null: for ever. */
  readonly ttlS: number | null;
}

/** A statement as it is stored. */
export interface Triple {
  readonly id: string;
  readonly subject: Node;
  readonly predicate: string;
  readonly object: Node;
  readonly confidence: number;
  readonly source: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** ISO time; null: never. */
  readonly expires_at: string | null;
}

/** A node that a walk reached: the surest way to it, of equally sure ones the shortest. */
export interface Reached extends Node {
  /** Steps of that way. */
  readonly depth: number;
  /** Product of the confidences of its triples. */
  readonly confidence: number;
  /** From the first node to the last, in the direction of the triples. */
  readonly path: readonly Node[];
  /** When the first triple of the way expires; null: never. */
  readonly expires_at: string | null;
}

/** What a question found, and whether there was more than may be told. */
export interface Found<T> {
  readonly results: readonly T[];
  /** There is more, or the walk was cut where it grew too wide: what is not here is not known to be absent. */
  readonly truncated: boolean;
}

/** One condition on a subject: at least one of subject and object is given. */
export interface Clause {
  readonly subject: Node | null;
  readonly predicate: string;
  readonly object: Node | null;
}

/** The tenant where the caller names none. */
export const GLOBAL_GRAPH = 'global';
/** Longest texts, in bytes: the columns check the same, so that an index entry never grows too long. */
export const TEXT_BYTES_MAX = { graph: 128, type: 128, id: 512, predicate: 256, source: 512 } as const;
