/**
 * `node services/mimo/audit.ts writes|vectors|facts`: reads the truth from the dependencies themselves, past
 * Mimo and past any link (DATABASE_URL and OLLAMA_URL are the direct addresses), and prints one line.
 */
import pg from 'pg';
import type { EmbeddingSource } from './memory/embedder.ts';
import { vectorFromBytes } from './memory/engram.ts';
import { createOllamaClient } from './memory/ollama-client.ts';
import { dot } from './memory/vector-index.ts';
import { newTrace } from './trace.ts';

const EXIT_USAGE = 2;
const BATCH = 64;
/** Float32 rounding costs some 1e-6; a vector of another text, or a hash, is far below. */
const SAME_COSINE_MIN = 0.99;
const EMBED_TIMEOUT_MS = 30_000;

/** Rows per key the client sent: 1 is right, more is a doubled write, a missing key a lost one. */
export async function auditWrites(client: pg.Client): Promise<{ rows: Record<string, number> }> {
  const { rows } = await client.query<{ key: string; count: string }>(
    `SELECT metadata->>'client_key' AS key, count(*) AS count FROM engrams
     WHERE metadata ? 'client_key' GROUP BY 1 ORDER BY 1`,
  );
  return { rows: Object.fromEntries(rows.map(({ key, count }) => [key, Number(count)])) };
}

export interface VectorAudit {
  readonly compared: number;
  /** Stored vectors that are not what Ollama says of their content. */
  readonly mismatched: number;
  /** Rows still marked as hash. */
  readonly hashed: number;
}

/** Compares every stored vector with a fresh one. */
export async function auditVectors(
  client: pg.Client,
  ollama: { baseUrl: string; model: string },
): Promise<VectorAudit> {
  const embedder = createOllamaClient(ollama);
  let compared = 0;
  let mismatched = 0;
  let hashed = 0;
  for (let lastId = '0'; ; ) {
    const { rows } = await client.query<{
      id: string;
      content: string;
      embedding: Buffer;
      embedding_source: EmbeddingSource;
    }>('SELECT id, content, embedding, embedding_source FROM engrams WHERE id > $1 ORDER BY id LIMIT $2', [
      lastId,
      BATCH,
    ]);
    const last = rows.at(-1);
    if (last === undefined) return { compared, mismatched, hashed };
    lastId = last.id;
    const texts = rows.map((row) => row.content);
    const fresh = await embedder.embed(texts, newTrace(), AbortSignal.timeout(EMBED_TIMEOUT_MS));
    for (const [i, row] of rows.entries()) {
      const vector = fresh[i];
      compared += 1;
      if (row.embedding_source === 'hash') hashed += 1;
      if (vector === undefined || dot(vectorFromBytes(row.embedding), vector) < SAME_COSINE_MIN)
        mismatched += 1;
    }
  }
}

export interface FactAudit {
  /** Migrations the schema has. */
  readonly migrations: number;
  /** Memories that hold a triple. */
  readonly facts: number;
  /** Triples, in the table or, after a rollback, in the one put aside. */
  readonly triples: number;
  /** Of those, what {@link FILL_SOURCE} brought. */
  readonly filled: number;
  /** 1: the table is put aside, as a rollback leaves it. */
  readonly putAside: number;
  /** Facts without a triple. After a rollback those remembered since; the next migration up makes theirs. */
  readonly missing: number;
  /** Of the five indexes of migration 3, those that a statement can use. */
  readonly indexes: number;
  /** Indexes that a broken-off build has left. */
  readonly invalidIndexes: number;
}

/** Source of the triples that the fill of the operations scenarios brings. */
export const FILL_SOURCE = 'fill';

/** Counts facts, and triples wherever the schema keeps them. */
export async function auditFacts(client: pg.Client): Promise<FactAudit> {
  const { rows: found } = await client.query<{ there: boolean; aside: boolean }>(
    "SELECT to_regclass('semantic_triples') IS NOT NULL AS there, to_regclass('semantic_triples_kept') IS NOT NULL AS aside",
  );
  const { there = false, aside = false } = found[0] ?? {};
  // A name cannot be a parameter; without either table there is nothing to count.
  const table = there
    ? 'semantic_triples'
    : aside
      ? 'semantic_triples_kept'
      : "(SELECT '' AS source, '' AS subject_id, '' AS predicate, '' AS object_id LIMIT 0)";
  const { rows } = await client.query<Record<Exclude<keyof FactAudit, 'putAside'>, number>>(
    `SELECT (SELECT count(*)::int FROM mimo_migrations) AS migrations,
      (SELECT count(*)::int FROM engrams WHERE metadata ? 'triple') AS facts,
      (SELECT count(*)::int FROM ${table} t) AS triples,
      (SELECT count(*)::int FROM ${table} t WHERE source = $1) AS filled,
      (SELECT count(*)::int FROM engrams e WHERE metadata ? 'triple' AND NOT EXISTS (
        SELECT FROM ${table} t WHERE t.subject_id = e.metadata->'triple'->>'subject'
          AND t.predicate = e.metadata->'triple'->>'predicate'
          AND t.object_id = e.metadata->'triple'->>'object')) AS missing,
      (SELECT count(*)::int FROM pg_index JOIN pg_class c ON c.oid = indexrelid
        WHERE indisvalid AND c.relname ~ '^(semantic_triples_(spo|osp|predicate|graph)|engrams_entity_anchor)_idx$') AS indexes,
      (SELECT count(*)::int FROM pg_index WHERE NOT indisvalid) AS "invalidIndexes"`,
    [FILL_SOURCE],
  );
  const [counted] = rows;
  if (counted === undefined) throw new Error('the counts of facts have no row');
  return { ...counted, putAside: aside ? 1 : 0 };
}

if (import.meta.main) {
  const what = process.argv[2];
  const { DATABASE_URL, OLLAMA_URL, OLLAMA_MODEL = 'nomic-embed-text' } = process.env;
  const isUsable = what === 'writes' || what === 'facts' || (what === 'vectors' && OLLAMA_URL !== undefined);
  if (!isUsable || DATABASE_URL === undefined) {
    process.stderr.write(
      'Usage: DATABASE_URL=... OLLAMA_URL=... node services/mimo/audit.ts writes|vectors|facts (direct addresses)\n',
    );
    process.exit(EXIT_USAGE);
  }
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  try {
    const baseUrl = (OLLAMA_URL ?? '').replace(/\/+$/, '');
    const report =
      what === 'writes'
        ? await auditWrites(client)
        : what === 'facts'
          ? await auditFacts(client)
          : await auditVectors(client, { baseUrl, model: OLLAMA_MODEL });
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await client.end();
  }
}
