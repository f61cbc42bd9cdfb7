/** Which way memories are searched: with pgvector, without it, and before the database has been reached. */
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { assemble } from '../../../../services/mimo/assemble.ts';
import { readiness } from '../../../../services/mimo/http/reports.ts';
import { createServer } from '../../../../services/mimo/http/server.ts';
import type { Service } from '../../../../services/mimo/http/service.ts';
import { vectorToBytes } from '../../../../services/mimo/memory/engram.ts';
import { INDEX_CAPACITY } from '../../../../services/mimo/memory/vector-index.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import { newTrace } from '../../../../services/mimo/trace.ts';
import { type PgvectorServer, pgvectorServer } from '../../../support/pgvector.ts';
import { testPostgres } from '../../../support/postgres.ts';
import {
  configFor,
  type FakeServer,
  fakeLlm,
  fakeOllama,
  realVector,
  temporaryFolder,
  until,
} from '../stage.ts';

const START_LIMIT_MS = 60_000;

let llm: FakeServer;
let ollama: FakeServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let logged: string[];
let service: Service | undefined;

beforeEach(async () => {
  [llm, ollama, folder] = await Promise.all([fakeLlm(), fakeOllama(), temporaryFolder()]);
  logged = [];
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  for (const owned of [llm, ollama, folder]) await owned[Symbol.asyncDispose]();
});

async function start(databaseUrl: string): Promise<Service> {
  const lines = new Writable({
    write(chunk, _encoding, done) {
      logged.push(JSON.parse(String(chunk)).msg);
      done();
    },
  });
  const config = configFor({
    databaseUrl,
    llmUrls: [llm.url],
    ollamaUrl: ollama.url,
    stateDir: folder.path,
  });
  service = await assemble(config, pino({ level: 'info' }, lines));
  return service;
}

async function search(mimo: Service, query: string): Promise<string[]> {
  const call = { tool: 'search_vibes', arguments: { query, limit: 5, threshold: 0.3 } } as const;
  const { data } = await mimo.tool(call, undefined, newTrace());
  return (data.results as { content: string }[]).map(({ content }) => content);
}

async function store(mimo: Service, content: string): Promise<void> {
  const given = { content, category: 'observation', importance: 0.5, idempotency_key: undefined } as const;
  await mimo.tool({ tool: 'mimo_store_memory', arguments: given }, undefined, newTrace());
}

const metric = async (mimo: Service): Promise<string> => {
  // The server sets up the gauges.
  await createServer(mimo).app.close();
  const line = (await mimo.metrics.text())
    .split('\n')
    .find((text) => /^mimo_vector_search\{.*\} 1$/.test(text));
  return line ?? '';
};

describe('without pgvector', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let url: string;

  beforeAll(async () => {
    postgres = await testPostgres();
    url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
    await migrate(url, 'up');
  });

  afterAll(() => postgres.stop());

  test('memories are searched in process, which the log, the metric and readiness say', async () => {
    const mimo = await start(url);
    expect(readiness(mimo, false).vectorSearch).toBe('undecided');
    await mimo.vectors.choose(newTrace());
    expect(logged).toEqual(['memories are searched by an exact scan in process: the server has no pgvector']);
    expect(readiness(mimo, false).vectorSearch).toBe('in-process');
    expect(await metric(mimo)).toBe('mimo_vector_search{by="in-process"} 1');
    await store(mimo, 'the sky is blue');
    expect(await search(mimo, 'blue sky')).toEqual(['the sky is blue']);
  });

  test('a database that is away leaves the choice open, and says so once', async () => {
    const mimo = await start('postgres://nobody@127.0.0.1:1/none');
    await mimo.vectors.choose(newTrace());
    await mimo.vectors.choose(newTrace());
    expect(logged).toEqual(['memories are searched by an exact scan in process until the database answers']);
    expect(mimo.vectors.by).toBe('undecided');
  });
});

describe('with pgvector', () => {
  let server: PgvectorServer;
  let direct: pg.Client;

  beforeAll(async () => {
    server = await pgvectorServer();
    await migrate(server.url, 'up');
    direct = new pg.Client({ connectionString: server.url });
    await direct.connect();
  }, START_LIMIT_MS);

  afterAll(async () => {
    await direct.end();
    await server[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await direct.query('TRUNCATE engrams CASCADE');
  });

  const vectors = async (): Promise<number> =>
    (await direct.query('SELECT count(*)::int AS n FROM engram_vectors')).rows[0].n;

  test('it is chosen at the first contact, which the log, the metric and readiness say', async () => {
    const mimo = await start(server.url);
    await search(mimo, 'anything');
    expect(logged).toEqual(['memories are searched by pgvector']);
    expect(readiness(mimo, false).vectorSearch).toBe('pgvector');
    expect(await metric(mimo)).toBe('mimo_vector_search{by="pgvector"} 1');
  });

  test('memories are found at once, and get their vectors in the background', async () => {
    const mimo = await start(server.url);
    await store(mimo, 'the sky is blue');
    await store(mimo, 'the sea is deep');
    expect(await search(mimo, 'blue sky')).toEqual(['the sky is blue']);
    await until('both have their vectors', async () => (await vectors()) === 2);
    // Known to both, and told once.
    expect(await search(mimo, 'blue sky')).toEqual(['the sky is blue']);
  });

  test(
    'a memory that no longer fits into the index is found all the same',
    async () => {
      await direct.query(
        `INSERT INTO engrams (content, category, importance, embedding, embedding_source, idempotency_key)
       VALUES ('an old falcon', 'observation', 0.5, $1, 'live', 'old')`,
        [vectorToBytes(realVector('an old falcon'))],
      );
      await direct.query(
        `INSERT INTO engrams (content, category, importance, embedding, embedding_source, idempotency_key)
       SELECT 'filler', 'observation', 0.5, $1, 'hash', 'filler ' || i FROM generate_series(1, $2) AS i`,
        [vectorToBytes(realVector('filler')), INDEX_CAPACITY],
      );
      ollama.behave('well');
      const mimo = await start(server.url);
      await mimo.vectors.choose(newTrace());
      await until('it has its vector', async () => (await vectors()) === 1);
      expect(mimo.vectors.by).toBe('pgvector');
      const found = await mimo.vectors.nearest(
        realVector('an old falcon'),
        { limit: 5, threshold: 0.3 },
        newTrace(),
      );
      expect(found?.map(({ content }) => content)).toEqual(['an old falcon']);
    },
    START_LIMIT_MS,
  );

  test('a memory whose vector changed is not found by its old one', async () => {
    const mimo = await start(server.url);
    await store(mimo, 'the sky is blue');
    await search(mimo, 'sky');
    await until('it has its vector', async () => (await vectors()) === 1);
    await direct.query('UPDATE engrams SET embedding = $1, content = $2', [
      vectorToBytes(realVector('deep sea')),
      'deep sea',
    ]);
    expect(await search(mimo, 'blue sky')).toEqual([]);
    // On a busy machine a search may be answered by hash instead, marked so, and then finds less.
    await until('it is found by its new one', async () =>
      (await search(mimo, 'deep sea')).includes('deep sea'),
    );
    await until('the new vector is there', async () => {
      const { rowCount } = await direct.query(
        'SELECT FROM engram_vectors v JOIN engrams e ON e.id = v.engram_id AND e.revision = v.revision',
      );
      return rowCount === 1;
    });
  });

  test('the migration goes down, and up again', async () => {
    await migrate(server.url, 'down');
    expect((await direct.query("SELECT to_regclass('engram_vectors') AS t")).rows[0].t).toBeNull();
    await migrate(server.url, 'up');
    expect(await vectors()).toBe(0);
  });
});
