/** The semantic store over HTTP, with a real PostgreSQL behind a relay that tests can cut. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { assemble } from '../../../../services/mimo/assemble.ts';
import { createServer, type Server } from '../../../../services/mimo/http/server.ts';
import type { Service } from '../../../../services/mimo/http/service.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import { testPostgres } from '../../../support/postgres.ts';
import { type Cuttable, cuttable } from '../cuttable.ts';
import { configFor, type FakeServer, fakeLlm, fakeOllama, SILENT, temporaryFolder, until } from '../stage.ts';

let postgres: Awaited<ReturnType<typeof testPostgres>>;
let direct: pg.Client;
let database: Cuttable;
let llm: FakeServer;
let ollama: FakeServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: Service;
let server: Server;
let base: string;

beforeAll(async () => {
  postgres = await testPostgres();
  const url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
  await migrate(url, 'up');
  direct = new pg.Client({ connectionString: url });
  await direct.connect();
}, 30_000);

afterAll(async () => {
  await direct.end();
  await postgres.stop();
});

beforeEach(async () => {
  await direct.query('TRUNCATE engrams, semantic_triples');
  [database, llm, ollama, folder] = await Promise.all([
    cuttable(postgres.port),
    fakeLlm(),
    fakeOllama(),
    temporaryFolder(),
  ]);
  const config = configFor({
    databaseUrl: postgresUrl({ host: '127.0.0.1', port: database.port }),
    llmUrls: [llm.url],
    ollamaUrl: ollama.url,
    stateDir: folder.path,
  });
  service = await assemble(config, SILENT);
  server = createServer(service);
  base = await server.app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.app.close();
  await service.close();
  for (const owned of [database, llm, ollama, folder]) await owned[Symbol.asyncDispose]();
});

interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, compared as a whole or by field
  body: any;
}

async function post(path: string, body: unknown): Promise<Reply> {
  const response = await fetch(`${base}/v1/mimo/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const thing = (id: string) => ({ type: 'thing', id });
const upsert = (subject: string, object: string, more: object = {}): Promise<Reply> =>
  post('semantic/upsert', { subject: thing(subject), predicate: 'to', object: thing(object), ...more });
const closure = (start: string, more: object = {}): Promise<Reply> =>
  post('semantic/closure', { start: thing(start), predicate: 'to', ...more });
const idsOf = (reply: Reply): string[] => reply.body.data.results.map(({ id }: { id: string }) => id);

describe('the semantic store', () => {
  test('is written and read, all of it live', async () => {
    const stored = await upsert('A', 'B', { ttl_s: 60 });
    expect(stored).toMatchObject({
      status: 201,
      body: { degraded: false, data: { id: expect.any(String) } },
    });
    await upsert('B', 'C');
    const reached = await closure('A');
    expect(reached.headers.get('served-by-database')).toBe('live');
    expect(reached.body).toMatchObject({
      degraded: false,
      data: {
        truncated: false,
        results: [
          { id: 'B', depth: 1 },
          { id: 'C', depth: 2, confidence: 1 },
        ],
      },
    });
    expect(idsOf(await closure('C', { direction: 'backward' }))).toEqual(['B', 'A']);
    const path = await post('semantic/path', { from: thing('A'), to: thing('C') });
    expect(path.body.data.path.path).toEqual([thing('A'), thing('B'), thing('C')]);
    expect((await post('semantic/path', { from: thing('C'), to: thing('A') })).body.data.path).toBeNull();
    const around = await post('semantic/relationships', { node: thing('B') });
    expect(around.body.data).toMatchObject({
      outgoing: { results: [{ object: thing('C') }] },
      incoming: { results: [{ subject: thing('A') }] },
    });
    const matched = await post('semantic/match', { clauses: [{ predicate: 'to', object: thing('C') }] });
    expect(matched.body.data.results).toMatchObject([{ subject: thing('B') }]);
    expect((await post('semantic/by-predicate', { predicate: 'to' })).body.data.results).toHaveLength(2);
    expect((await post('semantic/recent', {})).body.data.results[0]).toMatchObject({ subject: thing('B') });
  });

  test('keeps tenants apart', async () => {
    await upsert('A', 'B', { graph_id: 'one' });
    expect(idsOf(await closure('A'))).toEqual([]);
    expect(idsOf(await closure('A', { graph_id: 'one' }))).toEqual(['B']);
  });

  test('holds the triple of a fact, which an ask about it is answered with', async () => {
    const triple = { subject: 'Ada', predicate: 'wrote', object: 'notes' };
    await post('tool', { tool: 'store_fact', arguments: triple });
    const answer = await post('ask', { query: 'What did Ada write?' });
    expect(answer.body.results.relations).toMatchObject([
      { subject: { id: 'Ada' }, object: { id: 'notes' } },
    ]);
    expect(JSON.stringify(llm.requests.at(-1)?.body)).toContain('- Ada wrote notes');
  });

  test('holds the triple of a fact that came late out of the queue', async () => {
    database.be('cut');
    const triple = { subject: 'Ada', predicate: 'wrote', object: 'notes' };
    expect((await post('tool', { tool: 'store_fact', arguments: triple })).status).toBe(202);
    database.be('well');
    await until('the triple is there', async () => {
      const { rowCount } = await direct.query("SELECT FROM semantic_triples WHERE subject_id = 'Ada'");
      return rowCount === 1;
    });
  });

  test('tells which known entity a text means, and does not guess', async () => {
    const anchor = (content: string): Promise<Reply> =>
      post('tool', { tool: 'mimo_store_memory', arguments: { content, category: 'entity_anchor' } });
    await anchor('Ada Lovelace');
    await anchor('Grace Hopper');
    const resolve = async (text: string) => (await post('semantic/resolve', { text })).body;
    expect((await resolve('ada lovelace')).data).toMatchObject({
      status: 'resolved',
      node: { type: 'entity', id: 'Ada Lovelace' },
    });
    expect((await resolve('Ada Hopper')).data).toMatchObject({ status: 'unknown', node: null });
    await anchor('lovelace ada');
    expect((await resolve('ada lovelace')).data).toMatchObject({ status: 'ambiguous', node: null });
    ollama.behave(500);
    const blind = await resolve('ada lovelace');
    expect(blind).toMatchObject({ degraded: true, served: { by: 'hash' }, data: { status: 'unknown' } });
  });

  test('deletes what has expired', async () => {
    await upsert('A', 'B', { ttl_s: 1 });
    await direct.query('UPDATE semantic_triples SET expires_at = now()');
    expect(idsOf(await closure('A'))).toEqual([]);
    await until('the row is gone', async () => {
      const { rowCount } = await direct.query('SELECT FROM semantic_triples');
      return rowCount === 0;
    });
  });

  test.each([
    ['upsert', { predicate: 'p', object: { id: 'o' } }, 'subject must be an object with id and type.'],
    [
      'upsert',
      { subject: { id: 'x'.repeat(513) }, predicate: 'p', object: { id: 'o' } },
      'subject.id must not be longer than 512 bytes.',
    ],
    [
      'upsert',
      { subject: { id: 's' }, predicate: 'p', object: { id: 'o' }, confidence: 2 },
      'confidence must be a number from 0 to 1.',
    ],
    [
      'upsert',
      { subject: { id: 's' }, predicate: 'p', object: { id: 'o' }, metadata: { a: '\u0000' } },
      'metadata must not contain a NUL character.',
    ],
    ['match', { clauses: [] }, 'clauses must be a list of 1 to 10 clauses.'],
    ['match', { clauses: [{ predicate: 'p' }] }, 'clauses.0 must name a subject or an object.'],
    [
      'closure',
      { start: { id: 's' }, predicate: 'p', max_depth: 99 },
      'max_depth must be a whole number from 1 to 20.',
    ],
    [
      'closure',
      { start: { id: 's' }, predicate: 'p', direction: 'up' },
      'direction must be forward or backward.',
    ],
  ])('%s refuses %j with a sentence', async (route, body, error) => {
    expect(await post(`semantic/${route}`, body)).toMatchObject({ status: 400, body: { error } });
  });
});

describe('the semantic store without its database', () => {
  test('answers what was asked before, marked with its age, and nothing it does not know', async () => {
    await upsert('A', 'B');
    await closure('A');
    database.be('cut');
    const again = await closure('A');
    expect(idsOf(again)).toEqual(['B']);
    expect(again.body).toMatchObject({ degraded: true, served: { by: 'cached', ageMs: expect.any(Number) } });
    expect(again.headers.get('served-by-database')).toBe('cached');
    const unknown = await closure('B');
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '1']);
    database.be('well');
    await until('the database is live again', async () => (await closure('A')).body.degraded === false);
  });

  test('tells nothing that has expired meanwhile', async () => {
    await upsert('A', 'B', { ttl_s: 1 });
    await upsert('A', 'C');
    const { body } = await closure('A');
    expect(body.data.results).toHaveLength(2);
    await post('semantic/match', { clauses: [{ subject: thing('A'), predicate: 'to' }] });
    database.be('cut');
    const expiresAt = Date.parse(body.data.results.find(({ id }: { id: string }) => id === 'B').expires_at);
    await until('its time is over', () => Date.now() > expiresAt);
    expect(idsOf(await closure('A'))).toEqual(['C']);
    // The clause may have been met by what has expired.
    const matched = await post('semantic/match', { clauses: [{ subject: thing('A'), predicate: 'to' }] });
    expect(matched.status).toBe(503);
  });

  test('acknowledges no upsert that it cannot store', async () => {
    database.be('cut');
    const refused = await upsert('A', 'B');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  });

  test('a hang ends with the retry deadline, opens the breaker, and then costs nothing', async () => {
    database.be('hang');
    expect((await upsert('A', 'B')).status).toBe(503);
    await until('the breaker is open', () => service.guards.database.state === 'open');
    const began = performance.now();
    expect((await closure('A')).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(200);
  });

  test('an upsert whose answer was lost is tried again, and stored once', async () => {
    await upsert('A', 'B');
    database.loseNextAnswer();
    expect((await upsert('A', 'C')).status).toBe(201);
    expect((await direct.query('SELECT FROM semantic_triples')).rowCount).toBe(2);
  });

  test('an ask has no relations and says so', async () => {
    await direct.query('ALTER TABLE semantic_triples RENAME TO elsewhere');
    const answer = await post('ask', { query: 'A?' });
    await direct.query('ALTER TABLE elsewhere RENAME TO semantic_triples');
    expect(answer.body).toMatchObject({
      degraded: true,
      results: { relations: [] },
      synthesis: 'The answer is 42.',
    });
    expect(answer.headers.get('served-by-database')).toBe('default');
  });
});
