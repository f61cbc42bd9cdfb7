/**
 * The semantic store: one function per statement, rows in and out. Knows nothing of breakers, caches or HTTP.
 * Every call is one statement, so no connection is held while something else is awaited.
 */
import type { Database } from '../memory/database.ts';
import type { Trace } from '../trace.ts';
import { FRONTIER_MAX, SEMANTIC_STATEMENTS, type SemanticStatements, SWEEP_ROWS_MAX } from './statements.ts';
import type { Clause, Found, NewTriple, Node, Reached, Triple } from './triple.ts';

export type Direction = 'forward' | 'backward';

export interface WalkOptions {
  readonly maxDepth: number;
  /** Least product of confidences along the way, 0 to 1. */
  readonly minConfidence: number;
}

/** Every method names the tenant first: no answer ever holds a triple of another graph. */
export interface SemanticStore {
  /** Stores, or replaces the triple with the same ends and predicate in this graph. */
  upsert(graph: string, triple: NewTriple, trace: Trace, signal: AbortSignal): Promise<Upserted>;
  /** All triples of the subjects that meet every clause. */
  match(
    graph: string,
    clauses: readonly Clause[],
    limit: number,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Found<Triple>>;
  /** Every node that triples with this predicate lead to, nearest first. */
  closure(
    graph: string,
    question: ClosureQuestion,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Found<Reached>>;
  /** The shortest way, as the only result; none where there is no way. */
  findPath(graph: string, question: PathQuestion, trace: Trace, signal: AbortSignal): Promise<Found<Reached>>;
  /** What is said of a node, and by which nodes it is named. */
  relationships(
    graph: string,
    question: RelationshipsQuestion,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Relationships>;
  /** Surest first. */
  byPredicate(
    graph: string,
    predicate: string,
    limit: number,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Found<Triple>>;
  /** Newest first. */
  recent(graph: string, limit: number, trace: Trace, signal: AbortSignal): Promise<Found<Triple>>;
  /** Triples that name one of these ids, surest first. */
  mentions(
    graph: string,
    ids: readonly string[],
    limit: number,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Found<Triple>>;
  /** Deletes expired triples of all tenants, some at a time; says whether there is, or will be, more to do. */
  sweep(trace: Trace, signal: AbortSignal): Promise<{ swept: number; more: boolean }>;
}

export interface Upserted {
  readonly id: string;
  readonly expires_at: string | null;
}

export interface ClosureQuestion extends WalkOptions {
  readonly start: Node;
  readonly predicate: string;
  readonly direction: Direction;
  readonly limit: number;
}

export interface PathQuestion extends WalkOptions {
  readonly from: Node;
  readonly to: Node;
  /** Null: triples of every kind may be used. */
  readonly predicate: string | null;
}

export interface RelationshipsQuestion {
  readonly node: Node;
  readonly predicate: string | null;
  /** Most triples in each direction. */
  readonly limit: number;
}

export interface Relationships {
  readonly outgoing: Found<Triple>;
  readonly incoming: Found<Triple>;
}

interface TripleRow {
  id: string;
  subject_type: string;
  subject_id: string;
  predicate: string;
  object_type: string;
  object_id: string;
  confidence: number;
  source: string | null;
  metadata: Record<string, unknown>;
  expires_at: Date | null;
}

interface ReachedRow {
  id: string | null;
  type: string;
  depth: number;
  confidence: number;
  expires_at: Date | null;
  path: Node[];
  widest: string;
}

export function createSemanticStore(
  database: Database,
  statements: SemanticStatements = SEMANTIC_STATEMENTS,
): SemanticStore {
  return {
    async upsert(graph, { subject, predicate, object, ...triple }, trace, signal) {
      const ends = [subject.type, subject.id, predicate, object.type, object.id];
      const { confidence, source, metadata, ttlS } = triple;
      const values = [graph, ...ends, confidence, source, JSON.stringify(metadata), ttlS];
      const [row] = await database.query<TripleRow>(statements.upsert, values, trace, signal);
      if (row === undefined) throw new Error('semantic_triples: an upsert returned no row');
      return { id: row.id, expires_at: isoTime(row.expires_at) };
    },

    async match(graph, clauses, limit, trace, signal) {
      const columns = [
        clauses.map(({ subject }) => subject?.type ?? null),
        clauses.map(({ subject }) => subject?.id ?? null),
        clauses.map(({ predicate }) => predicate),
        clauses.map(({ object }) => object?.type ?? null),
        clauses.map(({ object }) => object?.id ?? null),
      ];
      const values = [graph, ...columns, limit + 1];
      return triples(await database.query<TripleRow>(statements.match, values, trace, signal), limit);
    },

    async closure(graph, { start, predicate, direction, maxDepth, minConfidence, limit }, trace, signal) {
      const statement = direction === 'forward' ? statements.closureForward : statements.closureBackward;
      const values = [graph, start.id, start.type, predicate, maxDepth, minConfidence, limit + 1];
      const rows = await database.query<ReachedRow>(statement, values, trace, signal);
      return {
        results: rows.slice(0, limit).map(reached),
        truncated: rows.length > limit || isCut(rows[0]),
      };
    },

    async findPath(graph, { from, to, predicate, maxDepth, minConfidence }, trace, signal) {
      const values = [graph, from.id, from.type, predicate, maxDepth, minConfidence, to.id, to.type];
      const [row] = await database.query<ReachedRow>(statements.path, values, trace, signal);
      const isFound = row !== undefined && row.id !== null;
      return { results: isFound ? [reached(row)] : [], truncated: !isFound && isCut(row) };
    },

    async relationships(graph, { node, predicate, limit }, trace, signal) {
      const values = [graph, node.id, node.type, predicate, limit + 1];
      type Row = TripleRow & { direction: 'outgoing' | 'incoming' };
      const rows = await database.query<Row>(statements.relationships, values, trace, signal);
      const of = (direction: Row['direction']): Found<Triple> =>
        triples(
          rows.filter((row) => row.direction === direction),
          limit,
        );
      return { outgoing: of('outgoing'), incoming: of('incoming') };
    },

    async byPredicate(graph, predicate, limit, trace, signal) {
      const values = [graph, predicate, limit + 1];
      return triples(await database.query<TripleRow>(statements.byPredicate, values, trace, signal), limit);
    },

    async recent(graph, limit, trace, signal) {
      const values = [graph, limit + 1];
      return triples(await database.query<TripleRow>(statements.recent, values, trace, signal), limit);
    },

    async mentions(graph, ids, limit, trace, signal) {
      const values = [graph, ids, limit + 1];
      return triples(await database.query<TripleRow>(statements.mentions, values, trace, signal), limit);
    },

    async sweep(trace, signal) {
      type Row = { swept: number; more: boolean };
      const [row] = await database.query<Row>(statements.sweep, [], trace, signal);
      const swept = row?.swept ?? 0;
      return { swept, more: row?.more === true || swept === SWEEP_ROWS_MAX };
    },
  };
}

function triples(rows: readonly TripleRow[], limit: number): Found<Triple> {
  const results = rows.slice(0, limit).map((row) => ({
    id: row.id,
    subject: { type: row.subject_type, id: row.subject_id },
    predicate: row.predicate,
    object: { type: row.object_type, id: row.object_id },
    confidence: row.confidence,
    source: row.source,
    metadata: row.metadata,
    expires_at: isoTime(row.expires_at),
  }));
  return { results, truncated: rows.length > limit };
}

function reached({ id, type, depth, confidence, expires_at, path }: ReachedRow): Reached {
  return { type, id: id ?? '', depth, confidence, path, expires_at: isoTime(expires_at) };
}

function isCut(row: ReachedRow | undefined): boolean {
  return Number(row?.widest ?? 0) >= FRONTIER_MAX;
}

function isoTime(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
