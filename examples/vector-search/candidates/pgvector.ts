/**
 * pgvector, asked as Mimo asks it: one connection, the vector as text, HNSW by cosine. In PostgreSQL as installed
 * (PGVECTOR_BIN: the folder of its programs) and in PGlite, the server of Mimo's tests.
 */
import { Client } from 'pg';
import { DIMENSION } from '../../../services/mimo/memory/hash-vector.ts';
import { type Candidate, EF_SEARCH, HNSW, Unavailable } from '../candidate.ts';
import { type Server, startPglite, startPostgres } from '../servers.ts';

/** Vectors per statement, as Mimo moves them. */
const BATCH = 200;
/** The graph of 100,000 vectors fits in, so that it is built in memory. */
const MAINTENANCE_MEMORY = '1GB';

const NEAREST = 'SELECT id FROM vectors ORDER BY embedding <=> $1 LIMIT $2';

/** When the index is made: at once over all vectors, or before the first, so that each insert adds to it as in Mimo. */
type Indexed = 'after' | 'before' | 'never';

function candidate(label: string, start: () => Promise<Server>, indexed: Indexed): Candidate {
  return {
    label,
    efs: indexed === 'never' ? [] : EF_SEARCH,
    async build(base) {
      const server = await start();
      const client = new Client({ connectionString: server.url });
      // A server that ends with us still in it is no surprise.
      client.on('error', () => {});
      await client.connect();
      await requirePgvector(client);
      if (indexed === 'before') await index(client);
      const loadMs = await timed(() => load(client, base));
      const indexMs = indexed === 'after' ? await timed(() => index(client)) : loadMs;
      if (indexed !== 'never') await requireIndexUsed(client);
      const { rows } = await client.query<{ version: string }>(
        `SELECT 'PostgreSQL ' || current_setting('server_version') || ', pgvector ' || extversion AS version
         FROM pg_extension WHERE extname = 'vector'`,
      );
      return {
        version: `${rows[0]?.version}; loaded in ${(loadMs / 1000).toFixed(1)} s`,
        buildMs: indexMs,
        setEf: async (ef) => {
          await client.query(`SET hnsw.ef_search = ${ef}`);
        },
        async search(query, k) {
          const found = await client.query<{ id: number }>(NEAREST, [asText(query), k]);
          return found.rows.map(({ id }) => id);
        },
        memoryBytes: server.memoryBytes,
        cpuMs: server.cpuMs,
        async [Symbol.asyncDispose]() {
          await client.end();
          await server[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function requirePgvector(client: Client): Promise<void> {
  const { rows } = await client.query("SELECT FROM pg_available_extensions WHERE name = 'vector'");
  if (rows.length === 0)
    throw new Unavailable('this PostgreSQL has no pgvector; set PGVECTOR_BIN to one that has');
  await client.query('CREATE EXTENSION vector');
  await client.query(
    `CREATE TABLE vectors (id integer PRIMARY KEY, embedding vector(${DIMENSION}) NOT NULL)`,
  );
}

async function load(client: Client, base: Float32Array): Promise<void> {
  const count = base.length / DIMENSION;
  for (let row = 0; row < count; row += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - row) }, (_, i) => row + i);
    await client.query('INSERT INTO vectors SELECT * FROM unnest($1::integer[], $2::text[]::vector[])', [
      rows,
      rows.map((i) => asText(base.subarray(i * DIMENSION, (i + 1) * DIMENSION))),
    ]);
  }
}

async function index(client: Client): Promise<void> {
  await client.query(`SET maintenance_work_mem = '${MAINTENANCE_MEMORY}'`);
  await client.query(
    `CREATE INDEX vectors_hnsw ON vectors USING hnsw (embedding vector_cosine_ops)
     WITH (m = ${HNSW.neighbours}, ef_construction = ${HNSW.efConstruction})`,
  );
}

async function requireIndexUsed(client: Client): Promise<void> {
  await client.query('ANALYZE vectors');
  const ones = asText(new Float32Array(DIMENSION).fill(1));
  const { rows } = await client.query<Record<string, string>>(`EXPLAIN ${NEAREST}`, [ones, 10]);
  const plan = rows.map((row) => Object.values(row)[0]).join('\n');
  if (!plan.includes('vectors_hnsw')) throw new Error(`pgvector: too few vectors for its index\n${plan}`);
}

async function timed(run: () => Promise<void>): Promise<number> {
  const beganAtMs = performance.now();
  await run();
  return performance.now() - beganAtMs;
}

/** pgvector reads a vector as a list in brackets. */
function asText(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

export const pgvector = candidate('pgvector, HNSW', startPostgres, 'after');
export const pgvectorFilled = candidate('pgvector, HNSW, filled by inserts', startPostgres, 'before');
export const pgvectorExact = candidate('pgvector, exact', startPostgres, 'never');
export const pglite = candidate('pgvector in PGlite, HNSW', startPglite, 'after');
