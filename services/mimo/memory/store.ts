/**
 * The statements Mimo runs on its table, one function each. Knows SQL and nothing of breakers, queues
 * or fallbacks. Every write is one statement, so no connection is held while something else is awaited.
 */
import type { Trace } from '../trace.ts';
import type { Database } from './database.ts';
import type { EmbeddingSource } from './embedder.ts';
import { type Category, type Engram, type IndexedEngram, vectorFromBytes, vectorToBytes } from './engram.ts';

/** Rows per catch-up statement: some 6 MB on the wire. */
export const CATCH_UP_ROWS_MAX = 1_000;

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

/** One statement for both cases, the key new or known, so that a call of the store is one round trip. */
const INSERT = `WITH inserted AS (INSERT INTO engrams
  (content, category, importance, embedding, embedding_source, metadata, idempotency_key)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id)
  SELECT id FROM inserted UNION ALL SELECT id FROM engrams WHERE idempotency_key = $7 LIMIT 1`;

const BY_KEY = 'SELECT id FROM engrams WHERE idempotency_key = $1';

const NEWER = `SELECT id, revision, content, category, importance, embedding, embedding_source
  FROM engrams WHERE revision > $1 AND revision <> ALL ($2::bigint[])
  ORDER BY revision LIMIT ${CATCH_UP_ROWS_MAX}`;

const SURVEY = `SELECT
  (SELECT count(*) FROM engrams WHERE embedding_source = 'hash') AS hashed,
  coalesce((SELECT revision FROM engrams ORDER BY revision DESC OFFSET $1 LIMIT 1), 0) AS after`;

const HASHED = `SELECT id, content FROM engrams WHERE embedding_source = 'hash' ORDER BY id LIMIT $1`;

const SET_LIVE = `UPDATE engrams SET embedding = fresh.embedding, embedding_source = 'live'
  FROM unnest($1::bigint[], $2::bytea[]) AS fresh (id, embedding)
  WHERE engrams.id = fresh.id AND engrams.embedding_source = 'hash'`;

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
      const [inserted] = await database.query<{ id: string }>(INSERT, values, trace, signal);
      if (inserted !== undefined) return inserted.id;
      // The same key was being stored at the same moment: its row was not yet visible to our statement.
      const [stored] = await database.query<{ id: string }>(BY_KEY, [engram.idempotencyKey], trace, signal);
      if (stored === undefined) throw new Error('engrams: a key that conflicts has no row; was it deleted?');
      return stored.id;
    },

    async newerThan(after, known, trace, signal) {
      const rows = await database.query<Row>(NEWER, [String(after), known.map(String)], trace, signal);
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
      const rows = await database.query<{ hashed: string; after: string }>(SURVEY, [capacity], trace, signal);
      return { after: BigInt(rows[0]?.after ?? 0), hashed: Number(rows[0]?.hashed ?? 0) };
    },

    hashed: (limit, trace, signal) => database.query<Hashed>(HASHED, [limit], trace, signal),

    async setLive(ids, vectors, trace, signal) {
      await database.query(SET_LIVE, [ids, vectors.map(vectorToBytes)], trace, signal);
    },
  };
}
