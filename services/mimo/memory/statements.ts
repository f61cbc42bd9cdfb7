/** Every statement on the table of memories. */
import { named } from './statement.ts';

/** Rows per catch-up statement: some 6 MB on the wire. */
export const CATCH_UP_ROWS_MAX = 1_000;

export const ENGRAM_STATEMENTS = named({
  /** One statement for both cases, the key new or known, so that a call of the store is one round trip. */
  insert: {
    sql: `WITH inserted AS (INSERT INTO engrams
      (content, category, importance, embedding, embedding_source, metadata, idempotency_key)
      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id)
      SELECT id FROM inserted UNION ALL SELECT id FROM engrams WHERE idempotency_key = $7 LIMIT 1`,
    plan: { usesOneOf: ['engrams_idempotency_key_key'] },
  },
  byKey: {
    sql: 'SELECT id FROM engrams WHERE idempotency_key = $1',
    plan: { usesOneOf: ['engrams_idempotency_key_key'] },
  },
  newer: {
    sql: `SELECT id, revision, content, category, importance, embedding, embedding_source
      FROM engrams WHERE revision > $1 AND revision <> ALL ($2::bigint[])
      ORDER BY revision LIMIT ${CATCH_UP_ROWS_MAX}`,
    plan: { usesOneOf: ['engrams_revision_index'] },
  },
  survey: {
    sql: `SELECT
      (SELECT count(*) FROM engrams WHERE embedding_source = 'hash') AS hashed,
      coalesce((SELECT revision FROM engrams ORDER BY revision DESC OFFSET $1 LIMIT 1), 0) AS after`,
    plan: { usesOneOf: ['engrams_revision_index'] },
  },
  hashed: {
    sql: `SELECT id, content FROM engrams WHERE embedding_source = 'hash' ORDER BY id LIMIT $1`,
    plan: { usesOneOf: ['engrams_hashed_index'] },
  },
  setLive: {
    sql: `UPDATE engrams SET embedding = fresh.embedding, embedding_source = 'live'
      FROM unnest($1::bigint[], $2::bytea[]) AS fresh (id, embedding)
      WHERE engrams.id = fresh.id AND engrams.embedding_source = 'hash'`,
    plan: { usesOneOf: ['engrams_pkey', 'engrams_hashed_index'] },
  },
  anchors: {
    sql: `SELECT content, embedding FROM engrams
      WHERE category = 'entity_anchor' AND embedding_source = 'live' ORDER BY id DESC LIMIT $1`,
    plan: { usesOneOf: ['engrams_entity_anchor_idx'] },
  },
  /** Whether the migration found pgvector. */
  vectorSupport: {
    sql: `SELECT to_regclass('engram_vectors') IS NOT NULL AS has_table,
      (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS version`,
    plan: { scansBecause: 'the catalogue of extensions has a few rows' },
  },
});

/** Vectors moved to pgvector by one statement: some 2 MB as text. */
export const VECTORS_PER_BATCH = 200;

/** Statements that only a server with pgvector understands. */
export const VECTOR_STATEMENTS = named({
  nearest: {
    sql: `SELECT e.id, e.content, e.category, e.importance, n.similarity
      FROM engrams_nearest($1::vector, $2) n
      JOIN engrams e ON e.id = n.engram_id AND e.revision = n.revision AND e.embedding_source = 'live'
      WHERE n.similarity >= $3 ORDER BY n.similarity DESC`,
    plan: { usesOneOf: ['engrams_pkey'] },
  },
  /** Memories after a revision that have no vector yet, or one of an older revision. */
  missing: {
    sql: `SELECT e.id, e.revision, e.embedding FROM engrams e
      WHERE e.revision > $1 AND e.embedding_source = 'live'
        AND NOT EXISTS (SELECT FROM engram_vectors v WHERE v.engram_id = e.id AND v.revision = e.revision)
      ORDER BY e.revision LIMIT ${VECTORS_PER_BATCH}`,
    plan: { usesOneOf: ['engrams_revision_index'] },
  },
  put: {
    sql: `INSERT INTO engram_vectors (engram_id, revision, embedding)
      SELECT e.id, fresh.revision, fresh.embedding::vector
      FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS fresh (id, revision, embedding)
      JOIN engrams e ON e.id = fresh.id
      ON CONFLICT (engram_id) DO UPDATE SET revision = EXCLUDED.revision, embedding = EXCLUDED.embedding
      WHERE engram_vectors.revision < EXCLUDED.revision`,
    plan: { usesOneOf: ['engram_vectors_pkey'] },
  },
});
