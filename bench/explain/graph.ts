/**
 * The graph that statements are explained on: made inside PostgreSQL, the same for the same size. A fifth of the
 * triples is one tree with four children a node under the predicate `reports_to`, the rest goes anywhere; a fifth
 * belongs to two hundred other tenants, some of it expires and some has.
 */
import type pg from 'pg';

/** Shares of the whole, as divisors. */
const TREE_SHARE = 5;
const TENANT_SHARE = 5;
const CHILDREN = 4;
const PREDICATES = 20;
const TENANTS = 1_000;
/** Enough memories for their indexes to matter; each has 3 kB that compress badly. */
export const ENGRAMS_MAX = 10_000;
const HASHES_PER_VECTOR = (768 * 4) / 32;

export async function loadGraph(client: pg.Client, triples: number): Promise<void> {
  await client.query('TRUNCATE semantic_triples, engrams CASCADE');
  const tree = Math.floor(triples / TREE_SHARE);
  const columns =
    '(graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence, expires_at)';
  await client.query(
    `INSERT INTO semantic_triples ${columns}
     SELECT 'global', 'person', 'n' || (i - 1) / ${CHILDREN}, 'reports_to', 'person', 'n' || i, 1, NULL
     FROM generate_series(1, $1) AS i`,
    [tree],
  );
  const places = Math.max(10, Math.floor(triples / 10));
  await client.query(
    `INSERT INTO semantic_triples ${columns}
     SELECT CASE WHEN i % ${TENANT_SHARE} = 0 THEN 'tenant ' || i % ${TENANTS} ELSE 'global' END,
       'person', 'n' || (i * 7919::bigint) % $2, 'p' || i % ${PREDICATES}, 'place', 'm' || (i * 104729::bigint) % $2 || '/' || i % 7,
       0.5 + (i % 50) / 100.0,
       CASE i % 20 WHEN 1 THEN now() + interval '1 day' WHEN 2 THEN now() - interval '1 day' END
     FROM generate_series($1::bigint + 1, $3) AS i
     ON CONFLICT DO NOTHING`,
    [tree, places, triples],
  );
  await client.query(
    `INSERT INTO engrams (content, category, importance, embedding, embedding_source, metadata, idempotency_key)
     SELECT 'note ' || i, CASE WHEN i % 100 = 0 THEN 'entity_anchor' ELSE 'observation' END, 0.5,
       (SELECT string_agg(sha256(int4send(i * 1000 + h)), '') FROM generate_series(1, ${HASHES_PER_VECTOR}) AS h),
       CASE WHEN i % 250 = 1 THEN 'hash' ELSE 'live' END, '{}', 'k' || i
     FROM generate_series(1, $1) AS i`,
    [Math.min(ENGRAMS_MAX, triples)],
  );
  await client.query('VACUUM ANALYZE semantic_triples, engrams');
}
