/** Migrations on a real PostgreSQL: down and up again with the data intact, and indexes beside a writer. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { postgresUrl } from '../../../harness/environment/postgres.ts';
import { migrate } from '../../../services/mimo/migrate.ts';
import { testPostgres } from '../../support/postgres.ts';

const INDEXES = [
  'engrams_entity_anchor_idx',
  'semantic_triples_graph_idx',
  'semantic_triples_osp_idx',
  'semantic_triples_predicate_idx',
  'semantic_triples_spo_idx',
];
const ROWS = 60_000;
/** A build of indexes over ROWS rows takes some hundred ms; a writer that waited for it would wait as long. */
const WRITE_MS_MAX = 2_000;

let postgres: Awaited<ReturnType<typeof testPostgres>>;
let url: string;
let client: pg.Client;

beforeAll(async () => {
  postgres = await testPostgres();
  url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
  client = new pg.Client({ connectionString: url });
  await client.connect();
}, 30_000);

afterAll(async () => {
  await client.end();
  await postgres.stop();
});

beforeEach(async () => {
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
});

const names = async (sql: string): Promise<string[]> =>
  (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name).sort();
const tables = (): Promise<string[]> =>
  names("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
const ourIndexes = (): Promise<string[]> =>
  names(`SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indisvalid AND c.relname IN ('${INDEXES.join("','")}')`);
const triples = async (): Promise<unknown[]> =>
  (await client.query('SELECT subject_id, object_id, confidence FROM semantic_triples ORDER BY id')).rows;
const storeFact = (subject: string, key: string): Promise<unknown> =>
  client.query(
    `INSERT INTO engrams (content, category, importance, embedding, embedding_source, metadata, idempotency_key)
     VALUES ('c', 'fact', 0.5, decode(repeat('00', 3072), 'hex'), 'live', $1, $2)`,
    [JSON.stringify({ triple: { subject, predicate: 'knows', object: 'Bo' } }), key],
  );

describe('migrations', () => {
  test('go up, down to nothing and up again', async () => {
    await migrate(url, 'up');
    expect(await tables()).toEqual(expect.arrayContaining(['engrams', 'semantic_triples']));
    expect(await ourIndexes()).toEqual(INDEXES);
    const ran: string[] = [];
    await migrate(url, 'down', { count: 100, onRun: (name) => ran.push(name) });
    expect(ran.at(-1)).toBe('0001_engrams');
    expect(await tables()).not.toContain('engrams');
    await migrate(url, 'up');
    expect(await ourIndexes()).toEqual(INDEXES);
  });

  test('take one step down and keep the rows', async () => {
    await migrate(url, 'up');
    await storeFact('Ada', 'k1');
    await client.query(`INSERT INTO semantic_triples
      (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence)
      VALUES ('global', 'person', 'x', 'knows', 'person', 'y', 0.8)`);
    const before = await triples();
    await migrate(url, 'down', { count: await stepsTo('0003_semantic_indexes') });
    expect(await ourIndexes()).toEqual([]);
    expect(await triples()).toEqual(before);
    await migrate(url, 'down');
    expect(await tables()).not.toContain('semantic_triples');
    // The release before goes on writing facts meanwhile.
    await storeFact('Cy', 'k2');
    await migrate(url, 'up');
    expect(await triples()).toEqual([...before, { subject_id: 'Cy', object_id: 'Bo', confidence: 1 }]);
    expect(await ourIndexes()).toEqual(INDEXES);
  });

  test('a fact whose triple is too long for a node is stored as a memory alone', async () => {
    await migrate(url, 'up');
    await storeFact('a'.repeat(2_000), 'long');
    expect(await triples()).toEqual([]);
    expect((await client.query('SELECT FROM engrams')).rowCount).toBe(1);
  });

  test('an index left invalid by a build that was broken off is built anew', async () => {
    await migrate(url, 'up', { count: 2 });
    await client.query('CREATE INDEX semantic_triples_spo_idx ON semantic_triples (graph_id)');
    await client.query(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'semantic_triples_spo_idx'::regclass",
    );
    await migrate(url, 'up');
    expect(await ourIndexes()).toEqual(INDEXES);
  });

  test('one whose session is ended in between says so, and is done when it is run again', async () => {
    await migrate(url, 'up', { count: 2 });
    const ending = (async () => {
      // Others of the server's own are no session of ours.
      const sessions = "SELECT pid FROM pg_stat_activity WHERE query ILIKE 'create index concurrently%osp%'";
      for (;;) {
        const { rows } = await client.query<{ pid: number }>(sessions);
        for (const { pid } of rows) await client.query('SELECT pg_terminate_backend($1)', [pid]);
        if (rows.length > 0) return;
      }
    })();
    await client.query(
      `INSERT INTO semantic_triples
         (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence)
       SELECT 'global', 'n', 's' || i, 'p' || i % 10, 'n', 'o' || i % 1000, 1 FROM generate_series(1, $1) AS i`,
      [ROWS],
    );
    await expect(migrate(url, 'up')).rejects.toThrow(/terminat/);
    await ending;
    await migrate(url, 'up');
    expect(await ourIndexes()).toEqual(INDEXES);
  });

  test('indexes are built while a writer writes, and no write waits or fails', async () => {
    await migrate(url, 'up', { count: 2 });
    await client.query(
      `INSERT INTO semantic_triples
         (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence)
       SELECT 'global', 'n', 's' || i, 'p' || i % 10, 'n', 'o' || i % 1000, 1 FROM generate_series(1, $1) AS i`,
      [ROWS],
    );
    const writer = new pg.Client({ connectionString: url });
    await writer.connect();
    const writesMs: number[] = [];
    let failed = 0;
    let duringBuild = 0;
    let isBuilding = true;
    const building = migrate(url, 'up').finally(() => {
      isBuilding = false;
    });
    for (let n = 0; isBuilding; n += 1) {
      const began = performance.now();
      await writer
        .query(
          `INSERT INTO semantic_triples
             (graph_id, subject_type, subject_id, predicate, object_type, object_id, confidence)
           VALUES ('global', 'n', $1, 'p', 'n', 'o', 1)`,
          [`written ${n}`],
        )
        .catch(() => {
          failed += 1;
        });
      writesMs.push(performance.now() - began);
      if ((await writer.query('SELECT FROM pg_stat_progress_create_index')).rowCount) duringBuild += 1;
    }
    await building;
    await writer.end();
    expect(failed).toBe(0);
    // Without a write during a build nothing would have been tested.
    expect(duringBuild).toBeGreaterThan(0);
    expect(Math.max(...writesMs)).toBeLessThan(WRITE_MS_MAX);
    expect(await ourIndexes()).toEqual(INDEXES);
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM semantic_triples WHERE predicate = 'p'",
    );
    expect(rows).toEqual([{ n: writesMs.length }]);
  }, 30_000);
});

/** Steps down until the named migration is undone. */
async function stepsTo(name: string): Promise<number> {
  const { rowCount } = await client.query('SELECT FROM mimo_migrations WHERE name >= $1', [name]);
  return rowCount ?? 0;
}
