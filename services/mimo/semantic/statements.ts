/**
 * Every statement on the table of triples. A triple whose time is over is hidden by each of them, and each
 * names the tenant. Nodes are compared by type and id, never by a text that merely contains an id.
 */
import { named } from '../memory/statement.ts';

/**
 * Most nodes that one step of a walk goes on from. Beyond it the walk would read a good part of the table at each
 * step; it is cut there, and says so.
 */
export const FRONTIER_MAX = 5_000;
/** Rows that one sweep takes away: a statement of some ms, so that no writer waits for it. */
export const SWEEP_ROWS_MAX = 1_000;
/** Confidences are multiplied: 0.7 × 0.7 is a hair below 0.49, and a caller who asks for 0.49 means it. */
const ROUNDING = '1e-9';

const LIVE = '(t.expires_at IS NULL OR t.expires_at > now())';
const COLUMNS = `t.id, t.subject_type, t.subject_id, t.predicate, t.object_type, t.object_id, t.confidence,
  t.source, t.metadata, t.expires_at`;

/** The ends of a triple in the order of a walk, and how the path grows. */
const FORWARD = {
  from: 't.subject',
  to: 't.object',
  path: "w.path || jsonb_build_array(jsonb_build_object('type', t.object_type, 'id', t.object_id))",
};
const BACKWARD = {
  from: 't.object',
  to: 't.subject',
  path: "jsonb_build_array(jsonb_build_object('type', t.subject_type, 'id', t.subject_id)) || w.path",
};

/**
 * A walk step by step from ($2 id, $3 type) in the graph $1: of several ways to a node in the same number of steps
 * only the surest goes on, so the work grows with the nodes and not with the ways. Nothing is lost by that, since a
 * longer or less sure way cannot become the surer one later. $4 predicate (null: any), $5 steps, $6 confidence.
 */
function walk({ from, to, path }: typeof FORWARD): string {
  return `WITH RECURSIVE walk (id, type, depth, confidence, expires_at, path) AS (
    SELECT $2::text, $3::text, 0, 1::double precision, NULL::timestamptz,
      jsonb_build_array(jsonb_build_object('type', $3::text, 'id', $2::text))
    UNION ALL
    SELECT * FROM (
      SELECT DISTINCT ON (${to}_type, ${to}_id) ${to}_id, ${to}_type, w.depth + 1, w.confidence * t.confidence,
        least(w.expires_at, t.expires_at), ${path}
      FROM walk w JOIN semantic_triples t
        ON t.graph_id = $1 AND ${from}_id = w.id AND ${from}_type = w.type
      WHERE ($4::text IS NULL OR t.predicate = $4) AND w.depth < $5
        AND w.confidence * t.confidence >= $6::double precision - ${ROUNDING} AND ${LIVE}
        AND NOT w.path @> jsonb_build_array(jsonb_build_object('type', ${to}_type, 'id', ${to}_id))
      ORDER BY ${to}_type, ${to}_id, w.confidence * t.confidence DESC LIMIT ${FRONTIER_MAX}
    ) AS step
  ), widest (nodes) AS (
    SELECT coalesce(max(nodes), 0) FROM (SELECT count(*) AS nodes FROM walk GROUP BY depth) AS level
  )`;
}

const closure = (direction: typeof FORWARD): string => `${walk(direction)}
  SELECT *, (SELECT nodes FROM widest) AS widest FROM (
    SELECT DISTINCT ON (type, id) * FROM walk WHERE depth > 0 ORDER BY type, id, confidence DESC, depth
  ) AS best ORDER BY depth, confidence DESC, type, id LIMIT $7`;

/** Limits a number of triples, surest first. */
const ends = (direction: 'outgoing' | 'incoming', end: 'subject' | 'object'): string =>
  `(SELECT '${direction}' AS direction, ${COLUMNS} FROM semantic_triples t
    WHERE t.graph_id = $1 AND t.${end}_id = $2 AND t.${end}_type = $3
      AND ($4::text IS NULL OR t.predicate = $4) AND ${LIVE}
    ORDER BY t.confidence DESC, t.id LIMIT $5)`;

export const SEMANTIC_STATEMENTS = named({
  /** The last word counts: confidence, source, metadata and time of life are those of the latest upsert. */
  upsert: {
    sql: `INSERT INTO semantic_triples (graph_id, subject_type, subject_id, predicate, object_type, object_id,
        confidence, source, metadata, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10))
      ON CONFLICT (graph_id, key) DO UPDATE SET confidence = EXCLUDED.confidence, source = EXCLUDED.source,
        metadata = EXCLUDED.metadata, expires_at = EXCLUDED.expires_at, updated_at = now()
      RETURNING id, expires_at`,
    plan: { usesOneOf: ['semantic_triples_graph_key'] },
  },
  /**
   * Subjects that meet every clause, with all their triples. Clauses come as columns: $2 and $3 subject, $4
   * predicate, $5 and $6 object (type, id). Each takes one of two ways, so that each has its index.
   */
  match: {
    sql: `WITH clause AS (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
          WITH ORDINALITY AS c (subject_type, subject_id, predicate, object_type, object_id, n)
      ), hit AS (
        SELECT DISTINCT c.n, t.subject_type, t.subject_id FROM clause c CROSS JOIN LATERAL (
          SELECT t.subject_type, t.subject_id FROM semantic_triples t
          WHERE c.subject_id IS NOT NULL AND t.graph_id = $1 AND t.subject_id = c.subject_id
            AND t.subject_type = c.subject_type AND t.predicate = c.predicate AND ${LIVE}
            AND (c.object_id IS NULL OR (t.object_id = c.object_id AND t.object_type = c.object_type))
          UNION ALL
          SELECT t.subject_type, t.subject_id FROM semantic_triples t
          WHERE c.subject_id IS NULL AND t.graph_id = $1 AND t.object_id = c.object_id
            AND t.object_type = c.object_type AND t.predicate = c.predicate AND ${LIVE}
        ) AS t
      ), subject AS (
        SELECT subject_type, subject_id FROM hit GROUP BY subject_type, subject_id
        HAVING count(*) = cardinality($4::text[]) ORDER BY subject_type, subject_id LIMIT $7
      )
      SELECT ${COLUMNS} FROM subject s CROSS JOIN LATERAL (
        SELECT * FROM semantic_triples t
        WHERE t.graph_id = $1 AND t.subject_id = s.subject_id AND t.subject_type = s.subject_type AND ${LIVE}
        LIMIT $7
      ) AS t ORDER BY t.subject_type, t.subject_id, t.id LIMIT $7`,
    plan: { usesOneOf: ['semantic_triples_spo_idx', 'semantic_triples_osp_idx'] },
  },
  closureForward: { sql: closure(FORWARD), plan: { usesOneOf: ['semantic_triples_spo_idx'] } },
  closureBackward: { sql: closure(BACKWARD), plan: { usesOneOf: ['semantic_triples_osp_idx'] } },
  /**
   * The shortest way to ($7 id, $8 type), of equally long ones the surest. Steps come one after the other, so the
   * walk ends with the step that arrives. Where none does, one row tells how wide it grew.
   */
  path: {
    sql: `${walk(FORWARD)}
      SELECT * FROM (
        (SELECT id, type, depth, confidence, expires_at, path, 0 AS widest FROM walk WHERE id = $7 AND type = $8 LIMIT 1)
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, NULL, NULL, nodes FROM widest
      ) AS answer LIMIT 1`,
    plan: { usesOneOf: ['semantic_triples_spo_idx'] },
  },
  relationships: {
    sql: `${ends('outgoing', 'subject')} UNION ALL ${ends('incoming', 'object')}`,
    plan: { usesOneOf: ['semantic_triples_spo_idx', 'semantic_triples_osp_idx'] },
  },
  byPredicate: {
    sql: `SELECT ${COLUMNS} FROM semantic_triples t
      WHERE t.graph_id = $1 AND t.predicate = $2 AND ${LIVE} ORDER BY t.confidence DESC LIMIT $3`,
    plan: { usesOneOf: ['semantic_triples_predicate_idx'] },
  },
  recent: {
    sql: `SELECT ${COLUMNS} FROM semantic_triples t WHERE t.graph_id = $1 AND ${LIVE} ORDER BY t.id DESC LIMIT $2`,
    plan: { usesOneOf: ['semantic_triples_graph_idx'] },
  },
  /** Triples of nodes whose id is one of $2, whatever their type: what a question may be about. */
  mentions: {
    sql: `SELECT ${COLUMNS} FROM semantic_triples t
      WHERE t.graph_id = $1 AND (t.subject_id = ANY ($2::text[]) OR t.object_id = ANY ($2::text[])) AND ${LIVE}
      ORDER BY t.confidence DESC, t.id LIMIT $3`,
    plan: { usesOneOf: ['semantic_triples_spo_idx', 'semantic_triples_osp_idx'] },
  },
  /**
   * Takes away what has expired, of every tenant; answers whether rows may expire later. The ids go through an array,
   * since PostgreSQL would join a thousand of them by reading the whole table.
   */
  sweep: {
    sql: `WITH gone AS (
        DELETE FROM semantic_triples WHERE id = ANY (ARRAY(
          SELECT id FROM semantic_triples WHERE expires_at <= now() ORDER BY expires_at
          LIMIT ${SWEEP_ROWS_MAX} FOR UPDATE SKIP LOCKED))
        RETURNING id)
      SELECT (SELECT count(*) FROM gone)::int AS swept,
        EXISTS (SELECT FROM semantic_triples WHERE expires_at > now()) AS more`,
    plan: { usesOneOf: ['semantic_triples_expiry_idx'] },
  },
});

export type SemanticStatements = typeof SEMANTIC_STATEMENTS;
