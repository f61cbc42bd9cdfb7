/** What Mimo asks of pgvector, one function per statement. Knows rows and nothing of breakers. */
import type { Trace } from '../trace.ts';
import type { Database } from './database.ts';
import { vectorFromBytes } from './engram.ts';
import { ENGRAM_STATEMENTS, VECTOR_STATEMENTS } from './statements.ts';
import type { Recalled, SearchOptions } from './vector-index.ts';

/** A memory whose vector pgvector does not have yet. */
export interface Missing {
  readonly id: string;
  readonly revision: bigint;
  readonly vector: Float32Array;
}

export interface VectorStore {
  /** The version of pgvector where it can be used; null where memories must be searched in process. */
  support(trace: Trace, signal: AbortSignal): Promise<string | null>;
  /** The most similar of all memories with a real vector, best first. */
  nearest(
    query: Float32Array,
    options: SearchOptions,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Recalled[]>;
  /** The oldest memories after a revision that have no vector, at most {@link VECTORS_PER_BATCH}. */
  missing(after: bigint, trace: Trace, signal: AbortSignal): Promise<Missing[]>;
  /** Gives memories their vectors; one of an older revision than the one there is ignored. */
  put(missing: readonly Missing[], trace: Trace, signal: AbortSignal): Promise<void>;
}

export function createVectorStore(database: Database): VectorStore {
  return {
    async support(trace, signal) {
      type Row = { has_table: boolean; version: string | null };
      const [row] = await database.query<Row>(ENGRAM_STATEMENTS.vectorSupport, [], trace, signal);
      return row?.has_table === true ? row.version : null;
    },

    nearest(query, { limit, threshold }, trace, signal) {
      const values = [asText(query), limit, threshold];
      return database.query<Recalled>(VECTOR_STATEMENTS.nearest, values, trace, signal);
    },

    async missing(after, trace, signal) {
      type Row = { id: string; revision: string; embedding: Buffer };
      const rows = await database.query<Row>(VECTOR_STATEMENTS.missing, [String(after)], trace, signal);
      return rows.map(({ id, revision, embedding }) => ({
        id,
        revision: BigInt(revision),
        vector: vectorFromBytes(embedding),
      }));
    },

    async put(missing, trace, signal) {
      const columns = [
        missing.map(({ id }) => id),
        missing.map(({ revision }) => String(revision)),
        missing.map(({ vector }) => asText(vector)),
      ];
      await database.query(VECTOR_STATEMENTS.put, columns, trace, signal);
    },
  };
}

/** pgvector reads a vector as a list in brackets. */
function asText(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}
