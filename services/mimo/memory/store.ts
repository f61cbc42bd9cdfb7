/**
 * The statements Mimo runs on its table, one function each. Knows rows and nothing of breakers, queues
 * or fallbacks. Every write is one statement, so no connection is held while something else is awaited.
 */
import type { Trace } from '../trace.ts';
import type { Database } from './database.ts';
import type { EmbeddingSource } from './embedder.ts';
import { type Category, type Engram, type IndexedEngram, vectorFromBytes, vectorToBytes } from './engram.ts';
import { ENGRAM_STATEMENTS } from './statements.ts';

export interface Store {
  /** Stores once per idempotency key; answers the id of the row, new or old. */
  insert(engram: Engram, trace: Trace, signal: AbortSignal): Promise<string>;
  /** Rows newer than `after`, without the `known` revisions, oldest first, at most 1 000. */
  newerThan(
    after: bigint,
    known: readonly bigint[],
    trace: Trace,
    signal: AbortSignal,
  ): Promise<IndexedEngram[]>;
  /** Where an index for the newest `capacity` rows must begin, and how many rows await an embedding. */
  survey(capacity: number, trace: Trace, signal: AbortSignal): Promise<Survey>;
  /** The oldest rows with a hash vector. */
  hashed(limit: number, trace: Trace, signal: AbortSignal): Promise<Hashed[]>;
  /** The newest memories that stand for an entity and have a real vector. */
  anchors(limit: number, trace: Trace, signal: AbortSignal): Promise<Anchor[]>;
  /** Replaces hash vectors by live ones; rows that have one already stay as they are. */
  setLive(
    ids: readonly string[],
    vectors: readonly Float32Array[],
    trace: Trace,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface Survey {
  readonly after: bigint;
  readonly hashed: number;
}

export interface Anchor {
  readonly content: string;
  readonly vector: Float32Array;
}

export interface Hashed {
  readonly id: string;
  readonly content: string;
}

interface Row {
  id: string;
  revision: string;
  content: string;
  category: Category;
  importance: number;
  embedding: Buffer;
  embedding_source: EmbeddingSource;
}

export function createStore(database: Database): Store {
  return {
    async insert(engram, trace, signal) {
      const values = [
        engram.content,
        engram.category,
        engram.importance,
        vectorToBytes(engram.vector),
        engram.source,
        JSON.stringify(engram.metadata),
        engram.idempotencyKey,
      ];
      const [inserted] = await database.query<{ id: string }>(
        ENGRAM_STATEMENTS.insert,
        values,
        trace,
        signal,
      );
      if (inserted !== undefined) return inserted.id;
      // The same key was being stored at the same moment: its row was not yet visible to our statement.
      const [stored] = await database.query<{ id: string }>(
        ENGRAM_STATEMENTS.byKey,
        [engram.idempotencyKey],
        trace,
        signal,
      );
      if (stored === undefined) throw new Error('engrams: a key that conflicts has no row; was it deleted?');
      return stored.id;
    },

    async newerThan(after, known, trace, signal) {
      const rows = await database.query<Row>(
        ENGRAM_STATEMENTS.newer,
        [String(after), known.map(String)],
        trace,
        signal,
      );
      return rows.map((row) => ({
        id: row.id,
        revision: BigInt(row.revision),
        content: row.content,
        category: row.category,
        importance: row.importance,
        vector: vectorFromBytes(row.embedding),
        source: row.embedding_source,
      }));
    },

    async survey(capacity, trace, signal) {
      const rows = await database.query<{ hashed: string; after: string }>(
        ENGRAM_STATEMENTS.survey,
        [capacity],
        trace,
        signal,
      );
      return { after: BigInt(rows[0]?.after ?? 0), hashed: Number(rows[0]?.hashed ?? 0) };
    },

    hashed: (limit, trace, signal) =>
      database.query<Hashed>(ENGRAM_STATEMENTS.hashed, [limit], trace, signal),

    async anchors(limit, trace, signal) {
      type AnchorRow = Pick<Row, 'content' | 'embedding'>;
      const rows = await database.query<AnchorRow>(ENGRAM_STATEMENTS.anchors, [limit], trace, signal);
      return rows.map(({ content, embedding }) => ({ content, vector: vectorFromBytes(embedding) }));
    },

    async setLive(ids, vectors, trace, signal) {
      await database.query(ENGRAM_STATEMENTS.setLive, [ids, vectors.map(vectorToBytes)], trace, signal);
    },
  };
}
