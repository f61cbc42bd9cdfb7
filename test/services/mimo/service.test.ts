/** The whole service over real sockets, with a real PostgreSQL behind a relay that tests can cut. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { postgresUrl } from '../../../harness/environment/postgres.ts';
import { assemble } from '../../../services/mimo/assemble.ts';
import { auditVectors, auditWrites } from '../../../services/mimo/audit.ts';
import { createServer, type Server } from '../../../services/mimo/http/server.ts';
import type { Service } from '../../../services/mimo/http/service.ts';
import { migrate } from '../../../services/mimo/migrate.ts';
import { mutate } from '../../../services/mimo/mutants/registry.ts';
import { PARTS, type Parts } from '../../../services/mimo/parts.ts';
import { testPostgres } from '../../support/postgres.ts';
import { type Cuttable, cuttable } from './cuttable.ts';
import { configFor, type FakeServer, fakeLlm, fakeOllama, SILENT, temporaryFolder, until } from './stage.ts';

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
  await migrate(urlAt(postgres.port), 'up');
  direct = new pg.Client({ connectionString: urlAt(postgres.port) });
  await direct.connect();
}, 30_000);

afterAll(async () => {
  await direct.end();
  await postgres.stop();
});

beforeEach(async () => {
  await direct.query('TRUNCATE engrams');
  [database, llm, ollama, folder] = await Promise.all([
    cuttable(postgres.port),
    fakeLlm(),
    fakeOllama(),
    temporaryFolder(),
  ]);
  await startMimo();
});

afterEach(async () => {
  await stopMimo();
  for (const owned of [database, llm, ollama, folder]) await owned[Symbol.asyncDispose]();
});

function urlAt(port: number): string {
  return postgresUrl({ host: '127.0.0.1', port });
}

async function startMimo(parts: Parts = PARTS): Promise<void> {
  const config = configFor({
    databaseUrl: urlAt(database.port),
    llmUrls: [llm.url],
    ollamaUrl: ollama.url,
    stateDir: folder.path,
  });
  service = await assemble(config, SILENT, parts);
  server = createServer(service);
  base = await server.app.listen({ host: '127.0.0.1', port: 0 });
}

async function stopMimo(): Promise<void> {
  await server.app.close();
  await service.close();
}

async function restartMimo(parts: Parts = PARTS): Promise<void> {
  await stopMimo();
  await startMimo(parts);
}

interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, compared as a whole or by field
  body: any;
}

async function call(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(
    `${base}${path}`,
    body === undefined ? {} : { ...init, body: typeof body === 'string' ? body : JSON.stringify(body) },
  );
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

const ask = (query: string, more: object = {}): Promise<Reply> => call('/v1/mimo/ask', { query, ...more });
const store = (content: string, key = content): Promise<Reply> =>
  call('/v1/mimo/tool', { tool: 'mimo_store_memory', arguments: { content } }, { 'idempotency-key': key });
const search = (query: string): Promise<Reply> =>
  call('/v1/mimo/tool', { tool: 'search_vibes', arguments: { query } });
const contentsOf = (reply: Reply): string[] =>
  reply.body.data.results.map((found: { content: string }) => found.content);
const mark = (reply: Reply): Record<string, string | null> =>
  Object.fromEntries(
    ['served-by', 'served-by-llm', 'served-by-ollama', 'served-by-database'].map((name) => [
      name.replace('served-by', 'all').replace('all-', ''),
      reply.headers.get(name),
    ]),
  );
const resilience = async (): Promise<Reply['body']> => (await call('/resilience')).body;
const isQuiet = async (): Promise<boolean> => {
  const { queueDepth, pendingReembeds } = await resilience();
  return queueDepth === 0 && pendingReembeds === 0;
};
const rowsInOrder = async (): Promise<string[]> =>
  (await direct.query('SELECT content FROM engrams ORDER BY id')).rows.map((row) => row.content);

describe('a healthy Mimo', () => {
  test('stores, finds and answers, all of it live', async () => {
    const stored = await store('the sky is blue');
    expect([stored.status, stored.body.status, stored.body.degraded]).toEqual([201, 'stored', false]);
    expect(mark(stored)).toEqual({ all: 'live', llm: null, ollama: 'live', database: 'live' });
    expect(stored.headers.get('age-ms')).toBeNull();
    expect(contentsOf(await search('blue sky'))).toEqual(['the sky is blue']);
    const answer = await ask('the sky is what?', { context_id: 'c1' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      synthesis: 'The answer is 42.',
      context_id: 'c1',
      degraded: false,
      results: { episodic: [{ content: 'the sky is blue' }], semantic: [] },
      served: {
        by: 'live',
        links: { llm: { by: 'live' }, ollama: { by: 'live' }, database: { by: 'live' } },
      },
    });
    expect(JSON.stringify(llm.requests[0]?.body)).toContain('the sky is blue');
  });

  test('stores a triple as a fact', async () => {
    const triple = { subject: 'Ada', predicate: 'wrote', object: 'notes' };
    const stored = await call('/v1/mimo/tool', { tool: 'store_fact', arguments: triple });
    expect(stored.status).toBe(201);
    expect((await ask('Ada wrote notes')).body.results.semantic).toMatchObject([
      { content: 'Ada wrote notes' },
    ]);
    const { rows } = await direct.query('SELECT category, metadata FROM engrams');
    expect(rows).toMatchObject([{ category: 'fact', metadata: { triple } }]);
  });

  test('calls the LLM for every ask, also for the same question', async () => {
    await ask('same');
    await ask('same');
    expect(llm.requests).toHaveLength(2);
  });

  test('carries the trace of the request to every dependency', async () => {
    const traceId = 'c'.repeat(32);
    await call('/v1/mimo/ask', { query: 'q' }, { traceparent: `00-${traceId}-${'d'.repeat(16)}-01` });
    expect(llm.requests[0]?.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(ollama.requests[0]?.traceparent).toContain(traceId);
    expect(database.sent()).toContain(`/*traceparent='00-${traceId}-`);
    await call('/v1/mimo/ask', { query: 'q' }, { traceparent: 'nonsense' });
    expect(llm.requests[1]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test('answers the same for the same idempotency key, and has one row', async () => {
    const replies = await Promise.all([store('once', 'k'), store('once', 'k'), store('once', 'k')]);
    expect(new Set(replies.map((reply) => reply.body.data.id)).size).toBe(1);
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([201]));
    expect(await auditWrites(direct)).toEqual({ rows: { k: 1 } });
  });

  test('sees a row that another process wrote or changed', async () => {
    await store('first thing');
    await search('first');
    await direct.query("UPDATE engrams SET content = 'changed thing'");
    expect(contentsOf(await search('first thing'))).toEqual(['changed thing']);
  });
});

describe('without the LLM', () => {
  test('a question asked before gets the cached answer with its age', async () => {
    await ask('What is it?');
    llm.behave(500);
    const answer = await ask('what is  it');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ synthesis: 'The answer is 42.', degraded: true });
    expect(mark(answer)).toEqual({ all: 'cached', llm: 'cached', ollama: 'live', database: 'live' });
    expect(Number(answer.headers.get('age-ms'))).toBe(answer.body.served.ageMs);
  });

  test('a new question gets the memories and no synthesis', async () => {
    await store('the sky is blue');
    llm.behave(500);
    const answer = await ask('the sky is what?');
    expect(answer.body).toMatchObject({
      synthesis: null,
      results: { episodic: [{ content: 'the sky is blue' }] },
    });
    expect(mark(answer)).toMatchObject({ all: 'default', llm: 'default' });
  });

  test('the breaker opens after five failures, and recovery closes it', async () => {
    llm.behave(503);
    for (let i = 0; i < 8; i += 1) await ask(`q${i}`);
    expect(llm.requests).toHaveLength(5);
    expect((await resilience()).links.llm.state).toBe('open');
    expect((await call('/health/ready')).body).toMatchObject({ ready: true, status: 'degraded' });
    llm.behave('well');
    await until(
      'the llm answers again',
      async () => (await ask('again')).body.served.links.llm.by === 'live',
    );
    for (let i = 0; i < 2; i += 1) await ask('again');
    expect((await resilience()).links.llm.state).toBe('closed');
    const metrics = String((await call('/metrics')).body);
    expect(metrics).toContain('mimo_breaker_transitions_total{link="llm",from="closed",to="open"} 1');
    expect(metrics).toContain('mimo_breaker_state{link="llm"} 0');
  });

  test('hangs open the breaker even where the callers give up first with 504', async () => {
    llm.behave('hang');
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => ask(`q${i}`, { timeout_ms: 100 })));
    expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(504));
    expect(answers[0]?.body.error).toBe('No answer within the deadline of 100 ms.');
    await until('the breaker is open', async () => (await resilience()).links.llm.state === 'open');
  });
});

describe('without Ollama', () => {
  test('memories get hash vectors, marked, and real ones after its return', async () => {
    ollama.behave(500);
    const stored = await store('the sky is blue');
    expect(mark(stored)).toMatchObject({ all: 'hash', ollama: 'hash', database: 'live' });
    expect(stored.headers.get('age-ms')).toBe('0');
    // By the hash only an exact repeat is found.
    expect(contentsOf(await search('the sky is blue'))).toEqual(['the sky is blue']);
    expect(contentsOf(await search('blue sky'))).toEqual([]);
    expect((await resilience()).pendingReembeds).toBe(1);
    ollama.behave('well');
    await until('nothing waits for an embedding', isQuiet);
    expect(contentsOf(await search('blue sky'))).toEqual(['the sky is blue']);
    const audit = await auditVectors(direct, { baseUrl: ollama.url, model: 'nomic-embed-text' });
    expect(audit).toEqual({ compared: 1, mismatched: 0, hashed: 0 });
  });

  test('what an earlier process left hashed is found at the first contact', async () => {
    ollama.behave(500);
    for (let i = 0; i < 3; i += 1) await store(`text ${i}`);
    await restartMimo();
    expect((await resilience()).pendingReembeds).toBe(0);
    ollama.behave('well');
    await search('anything');
    await until('nothing waits for an embedding', isQuiet);
    expect(await auditVectors(direct, { baseUrl: ollama.url, model: 'nomic-embed-text' })).toMatchObject({
      compared: 3,
      hashed: 0,
    });
  });

  test('an answer made from a hash vector is not kept for later', async () => {
    ollama.behave(500);
    expect((await ask('q')).body.synthesis).toBe('The answer is 42.');
    llm.behave(500);
    expect(mark(await ask('q'))).toMatchObject({ llm: 'default' });
  });
});

describe('without the database', () => {
  test('writes are queued in order and stored once when it is back', async () => {
    await store('before');
    await search('before');
    database.be('cut');
    for (const text of ['a', 'b', 'c']) {
      const queued = await store(text);
      expect([queued.status, queued.body.status]).toEqual([202, 'queued']);
      expect(mark(queued)).toMatchObject({ all: 'memory', database: 'memory' });
    }
    expect((await store('a')).status).toBe(202);
    expect((await resilience()).queueDepth).toBe(3);
    const found = await search('before a b c');
    expect(contentsOf(found).sort()).toEqual(['a', 'b', 'before', 'c']);
    expect(found.body.served).toMatchObject({ by: 'memory', ageMs: expect.any(Number) });
    database.be('well');
    await until('the queue is empty', isQuiet);
    expect(await rowsInOrder()).toEqual(['before', 'a', 'b', 'c']);
    expect((await store('a')).status).toBe(201);
  });

  test('a write that was stored a moment before is found, though nobody has searched since', async () => {
    expect((await store('just in time')).status).toBe(201);
    database.be('cut');
    const found = await search('just in time');
    expect(contentsOf(found)).toEqual(['just in time']);
    expect(mark(found)).toMatchObject({ database: 'memory' });
    // The row itself takes its place: once, with what the database says of it.
    database.be('well');
    await until('reads are live again', async () => mark(await search('just in time')).database === 'live');
    expect(contentsOf(await search('just in time'))).toEqual(['just in time']);
  });

  test('a hang costs a write no more than the deadline, and then nothing', async () => {
    database.be('hang');
    const first = await store('a');
    expect(first.status).toBe(202);
    expect(first.body.latency_ms).toBeLessThan(1_200);
    expect((await store('b')).body.latency_ms).toBeLessThan(500);
    database.be('well');
    await until('the queue is empty', isQuiet);
    expect(await rowsInOrder()).toEqual(['a', 'b']);
  });

  test('queued writes survive the process', async () => {
    database.be('cut');
    await store('a');
    await restartMimo();
    expect((await resilience()).queueDepth).toBe(1);
    database.be('well');
    await until('the queue is empty', isQuiet);
    expect(await rowsInOrder()).toEqual(['a']);
  });

  test('a write whose answer was lost is stored once', async () => {
    await store('warm');
    database.loseNextAnswer();
    const stored = await store('ambiguous');
    expect(stored.status).toBe(201);
    expect(await auditWrites(direct)).toEqual({ rows: { ambiguous: 1, warm: 1 } });
    // More than one where the machine is slow: the first write opens the connection.
    expect(String((await call('/metrics')).body)).toMatch(/^mimo_retries_total\{link="database"\} [1-9]$/m);
  });

  test('a missing table is no reason to lose a write', async () => {
    await direct.query('ALTER TABLE engrams RENAME TO elsewhere');
    expect((await store('a')).status).toBe(202);
    await direct.query('ALTER TABLE elsewhere RENAME TO engrams');
    await until('the queue is empty', isQuiet);
    expect(await rowsInOrder()).toEqual(['a']);
  });

  test('a full queue refuses writes with 503 and makes Mimo unready, while reads go on', async () => {
    await restartMimo({ ...PARTS, writeQueue: (options) => PARTS.writeQueue({ ...options, capacity: 1 }) });
    database.be('cut');
    expect((await store('a')).status).toBe(202);
    const refused = await store('b');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await call('/health/ready')).status).toBe(503);
    expect((await search('a')).status).toBe(200);
    database.be('well');
    await until('the queue is empty', isQuiet);
    expect((await call('/health/ready')).status).toBe(200);
  });
});

describe('the entry', () => {
  test.each([
    ['/v1/mimo/ask', {}, 'query must be a string.'],
    ['/v1/mimo/ask', { query: ' ' }, 'query must not be empty.'],
    ['/v1/mimo/ask', { query: 'q', timeout_ms: 0 }, 'timeout_ms must be a whole number from 1 to 600000.'],
    ['/v1/mimo/ask', '[]', 'body must be a JSON object.'],
    ['/v1/mimo/tool', { tool: 'rm' }, 'tool must be one of store_fact, mimo_store_memory, search_vibes.'],
    ['/v1/mimo/tool', { tool: 'search_vibes' }, 'arguments must be a JSON object.'],
    [
      '/v1/mimo/tool',
      { tool: 'store_fact', arguments: { subject: 'a' } },
      'arguments.content is missing: give content, or subject, predicate and object.',
    ],
    [
      '/v1/mimo/tool',
      { tool: 'mimo_store_memory', arguments: { content: 'a\u0000b' } },
      'arguments.content must not contain a NUL character.',
    ],
  ])('%s refuses %j with a sentence', async (path, body, error) => {
    expect(await call(path, body)).toMatchObject({ status: 400, body: { error } });
  });

  test('refuses a body that is not JSON, and one that is too long', async () => {
    expect((await call('/v1/mimo/ask', '{"query":')).status).toBe(400);
    expect((await call('/v1/mimo/ask', { query: 'x'.repeat(1_100_000) })).status).toBe(413);
  });

  test('lists its endpoints where there is none', async () => {
    const { status, body } = await call('/api/ask?x=1');
    expect([status, body.error]).toEqual([404, 'There is no GET /api/ask.']);
    expect(body.endpoints).toContain('POST /v1/mimo/ask');
  });

  test('declares its policy', async () => {
    expect(await resilience()).toMatchObject({
      profile: 'fast',
      queueDepth: 0,
      links: { llm: { breaker: 'llm_service', state: 'closed', policy: { timeoutMs: 400 } } },
    });
  });

  test('is live but not ready while it drains', async () => {
    server.drain();
    expect((await call('/health/live')).status).toBe(200);
    expect(await call('/health/ready')).toMatchObject({ status: 503, body: { status: 'draining' } });
  });

  test('answers with everything down', async () => {
    database.be('cut');
    llm.behave('hang');
    ollama.behave('hang');
    await restartMimo();
    expect((await call('/health/ready')).status).toBe(200);
    expect(mark(await ask('q'))).toEqual({
      all: 'default',
      llm: 'default',
      ollama: 'hash',
      database: 'memory',
    });
  });
});

describe('a mutant', () => {
  const startMutant = (name: string): Promise<void> => restartMimo(mutate(PARTS, name));

  test('breaker-never-opens goes on calling', async () => {
    await startMutant('breaker-never-opens');
    llm.behave(500);
    for (let i = 0; i < 8; i += 1) await ask(`q${i}`);
    expect(llm.requests).toHaveLength(8);
  });

  test('breaker-opens-too-early stops at the second failure, and declares five', async () => {
    await startMutant('breaker-opens-too-early');
    llm.behave(500);
    for (let i = 0; i < 8; i += 1) await ask(`q${i}`);
    expect(llm.requests).toHaveLength(2);
    expect((await resilience()).links.llm.policy.breaker.failures).toBe(5);
  });

  test('breaker-never-recovers admits nothing, and declares an open time', async () => {
    await startMutant('breaker-never-recovers');
    llm.behave(500);
    for (let i = 0; i < 5; i += 1) await ask(`q${i}`);
    expect(service.guards.llm.admits()).toBe(false);
    const { openMs } = (await resilience()).links.llm.policy.breaker;
    const openUntilMs = performance.now() + openMs;
    await until('the declared open time is over', () => performance.now() > openUntilMs);
    expect(service.guards.llm.admits()).toBe(false);
  });

  test('hang-not-counted stays closed over hangs, and opens over errors', async () => {
    await startMutant('hang-not-counted');
    llm.behave('hang');
    await Promise.all(Array.from({ length: 8 }, (_, i) => ask(`q${i}`)));
    expect((await resilience()).links.llm.state).toBe('closed');
    llm.behave(500);
    for (let i = 0; i < 5; i += 1) await ask(`q${i}`);
    expect((await resilience()).links.llm.state).toBe('open');
  });

  test('fallback-not-wired lets the failure through', async () => {
    await startMutant('fallback-not-wired');
    llm.behave(500);
    expect((await ask('q')).status).toBe(502);
    for (let i = 0; i < 4; i += 1) await ask('q');
    expect((await ask('q')).status).toBe(503);
  });

  test('degraded-unmarked says live', async () => {
    await startMutant('degraded-unmarked');
    llm.behave(500);
    const answer = await ask('q');
    expect(answer.body).toMatchObject({
      synthesis: null,
      degraded: false,
      served: { by: 'live', ageMs: null },
    });
    expect([answer.headers.get('served-by-llm'), answer.headers.get('age-ms')]).toEqual(['live', null]);
  });

  test('retry-storm tries fifty times', async () => {
    await startMutant('retry-storm');
    database.be('cut');
    await store('a');
    expect(String((await call('/metrics')).body)).toContain('mimo_retries_total{link="database"} 49');
  });

  test('writes-lost-on-outage says 202 and forgets', async () => {
    await startMutant('writes-lost-on-outage');
    database.be('cut');
    expect((await store('a')).status).toBe(202);
    expect((await resilience()).queueDepth).toBe(0);
  });

  test('writes-doubled-on-replay has two rows for one write', async () => {
    await startMutant('writes-doubled-on-replay');
    await store('warm');
    database.loseNextAnswer();
    await store('ambiguous');
    expect(await auditWrites(direct)).toEqual({ rows: { ambiguous: 2, warm: 1 } });
  });

  test('fake-vector-kept-after-recovery stores the hash as real', async () => {
    await startMutant('fake-vector-kept-after-recovery');
    ollama.behave(500);
    expect(mark(await store('a'))).toMatchObject({ ollama: 'hash' });
    ollama.behave('well');
    const audit = await auditVectors(direct, { baseUrl: ollama.url, model: 'nomic-embed-text' });
    expect(audit).toEqual({ compared: 1, mismatched: 1, hashed: 0 });
  });
});
