/** Mimo as an MCP server, driven by the official SDK's own client, with every dependency behind a link. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import pg from 'pg';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import { policyOf } from '../../../../services/mimo/policy.ts';
import { testPostgres } from '../../../support/postgres.ts';
import { Cleanup } from '../../../support/sockets.ts';
import { REPOSITORY } from '../../../support/workshop.ts';
import {
  armed,
  chats,
  type LinkedDependencies,
  linkedDependencies,
  linkedMimo,
  MODEL,
  metric,
  patient,
} from '../linked-mimo.ts';
import { temporaryFolder, until } from '../stage.ts';

const cleanup = new Cleanup();
let postgres: Awaited<ReturnType<typeof testPostgres>>;
let direct: pg.Client;

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
beforeEach(() => direct.query('TRUNCATE engrams'));
afterEach(() => cleanup.run());

type Era = 'legacy' | 'auto';
const DOWN = { type: 'http_status', attributes: { status: 500 } } as const;
/** A child that has just started compiles its code, on a machine that does much else. */
const STDIO_LIMIT_MS = 20_000;

interface Connected extends LinkedDependencies {
  readonly client: Client;
  /** Absent over standard input and output. */
  readonly base?: string;
}

function newClient(era: Era): Client {
  const client = new Client({ name: 'a test', version: '1' }, { versionNegotiation: { mode: era } });
  cleanup.add(() => client.close());
  return client;
}

/** Over streamable HTTP: Mimo in this process. */
async function overHttp(era: Era = 'legacy'): Promise<Connected> {
  const mimo = await linkedMimo(cleanup, { postgresPort: postgres.port });
  const client = newClient(era);
  await client.connect(new StreamableHTTPClientTransport(new URL(`${mimo.base}/mcp`)));
  return { ...mimo, client };
}

async function environmentOf(
  { databaseUrl, llms, ollamaUrl }: LinkedDependencies,
  folder: string,
): Promise<Record<string, string>> {
  const policyFile = path.join(folder, 'policy.json');
  await writeFile(policyFile, JSON.stringify(patient(policyOf('fast'))));
  return {
    MIMO_MCP_STDIO: '1',
    MIMO_POLICY_FILE: policyFile,
    MIMO_STATE_DIR: folder,
    DATABASE_URL: databaseUrl,
    LLM_BASE_URL: `http://127.0.0.1:${llms[0].port}/v1`,
    LLM_MODEL: MODEL,
    OLLAMA_URL: ollamaUrl,
  };
}

/** Over standard input and output: Mimo as a child of the client. */
async function overStdio(era: Era = 'legacy'): Promise<Connected> {
  const dependencies = await linkedDependencies(cleanup, { postgresPort: postgres.port });
  const folder = await temporaryFolder();
  cleanup.add(() => folder[Symbol.asyncDispose]());
  return { ...dependencies, client: (await childOf(dependencies, folder.path, era)).client };
}

async function childOf(
  dependencies: LinkedDependencies,
  folder: string,
  era: Era = 'legacy',
): Promise<{ client: Client; pid: number }> {
  const client = newClient(era);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['services/mimo/main.ts'],
    cwd: REPOSITORY,
    stderr: 'ignore',
    env: await environmentOf(dependencies, folder),
  });
  await client.connect(transport);
  if (transport.pid === null) throw new Error('the child has no process id');
  return { client, pid: transport.pid };
}

async function call({ client }: Connected, name: string, args: object): Promise<CallToolResult> {
  return client.callTool({ name, arguments: args as Record<string, unknown> });
}

// biome-ignore lint/suspicious/noExplicitAny: data of a tool, compared as a whole or by field
const dataOf = ({ structuredContent }: CallToolResult): any => structuredContent;
const textsOf = ({ content }: CallToolResult): string[] =>
  content.map((part) => (part.type === 'text' ? part.text : ''));
const contentsOf = (result: CallToolResult): string[] =>
  dataOf(result).results.map(({ content }: { content: string }) => content);

const TRANSPORTS = [
  ['streamable HTTP', overHttp],
  ['standard input and output', overStdio],
] as const;

describe.each(TRANSPORTS)('over %s', (_name, connect) => {
  test(
    'there are four tools, which tell what they take',
    async () => {
      const { client } = await connect();
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual(
        ['ask_mimo', 'mimo_store_memory', 'search_vibes', 'store_fact'].sort(),
      );
      const ask = tools.find(({ name }) => name === 'ask_mimo');
      expect(ask?.inputSchema).toMatchObject({ type: 'object', required: ['query'] });
      expect(ask?.annotations).toMatchObject({ readOnlyHint: true });
    },
    STDIO_LIMIT_MS,
  );

  test(
    'what is stored is found, and answered from; the same key stores once',
    async () => {
      const mimo = await connect();
      const fact = { content: 'falcons nest on cliffs', idempotency_key: 'k1' };
      expect(dataOf(await call(mimo, 'store_fact', fact))).toMatchObject({
        status: 'stored',
        degraded: false,
      });
      await call(mimo, 'store_fact', fact);
      const memory = { content: 'a falcon was seen', category: 'observation' };
      expect(textsOf(await call(mimo, 'mimo_store_memory', memory))).toEqual(['stored']);
      const found = await call(mimo, 'search_vibes', { query: 'falcons nest on cliffs' });
      expect(found.isError ?? false).toBe(false);
      expect(contentsOf(found).filter((content) => content === fact.content)).toHaveLength(1);
      expect(JSON.parse(textsOf(found)[0] ?? '')).toEqual(dataOf(found).results);
      const answer = await call(mimo, 'ask_mimo', { query: 'where do falcons nest?', context_id: 'c1' });
      expect(dataOf(answer)).toMatchObject({
        degraded: false,
        context_id: 'c1',
        finish: 'stop',
        results: { semantic: [{ content: fact.content }] },
      });
      expect(textsOf(answer)).toEqual([dataOf(answer).synthesis]);
    },
    STDIO_LIMIT_MS,
  );

  test(
    'calls run side by side: each has its own answer, and a slow one holds up no other',
    async () => {
      const mimo = await connect();
      const contents = Array.from({ length: 12 }, (_, n) => `note ${n} about thing${n}`);
      await Promise.all(contents.map((content) => call(mimo, 'mimo_store_memory', { content })));
      armed(mimo.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 1_000 } });
      const order: string[] = [];
      const slow = call(mimo, 'ask_mimo', { query: 'something slow' }).then(() => order.push('slow'));
      const first = await Promise.all(
        contents.map(async (query) => {
          const found = await call(mimo, 'search_vibes', { query, limit: 1 });
          order.push('search');
          return contentsOf(found)[0];
        }),
      );
      await slow;
      expect(first).toEqual(contents);
      // It was asked first: where calls wait for each other it is answered first.
      expect(order[0]).toBe('search');
    },
    STDIO_LIMIT_MS,
  );

  test(
    'an outage is the error of the call that met it, and of no other',
    async () => {
      const mimo = await connect();
      const known = await call(mimo, 'ask_mimo', { query: 'where do falcons nest?' });
      armed(mimo.llms[0], DOWN);
      const [again, unknown, search] = await Promise.all([
        call(mimo, 'ask_mimo', { query: 'where do falcons nest?' }),
        call(mimo, 'ask_mimo', { query: 'and where do owls?' }),
        call(mimo, 'search_vibes', { query: 'falcons' }),
      ]);
      // Served from before, and marked: no error.
      expect(again.isError ?? false).toBe(false);
      expect(dataOf(again)).toMatchObject({ synthesis: dataOf(known).synthesis, degraded: true });
      expect(textsOf(again)[1]).toMatch(/^The LLM cannot be asked; this is its answer to the same question/);
      expect(unknown.isError).toBe(true);
      expect(dataOf(unknown).error).toMatchObject({ kind: 'outage', links: ['llm'], retry_after_ms: 1_000 });
      expect(textsOf(unknown)).toEqual([dataOf(unknown).error.sentence]);
      expect(search.isError ?? false).toBe(false);
    },
    STDIO_LIMIT_MS,
  );

  test(
    'without the database a search that cannot look is an error, and a write waits on disk and is stored',
    async () => {
      const mimo = await connect();
      await call(mimo, 'search_vibes', { query: 'anything' });
      await mimo.database.link.disable();
      const search = await call(mimo, 'search_vibes', { query: 'nothing of the kind' });
      expect(search.isError).toBe(true);
      expect(dataOf(search).error).toMatchObject({ kind: 'outage', links: ['database'] });
      const store = await call(mimo, 'store_fact', { content: 'owls nest in trees', idempotency_key: 'k' });
      expect(store.isError ?? false).toBe(false);
      expect(dataOf(store)).toMatchObject({ status: 'queued', degraded: true });
      expect(textsOf(store)[1]).toMatch(/^The database cannot be asked; the memory waits on disk/);
      await mimo.database.link.enable();
      await until('the fact is stored', async () => {
        const { rows } = await direct.query('SELECT content FROM engrams');
        return rows.length === 1;
      });
      await until('it is found', async () => {
        const found = await call(mimo, 'search_vibes', { query: 'owls nest in trees' });
        return found.isError !== true && contentsOf(found)[0] === 'owls nest in trees';
      });
    },
    STDIO_LIMIT_MS,
  );

  test(
    'what cannot be meant is refused with a sentence',
    async () => {
      const mimo = await connect();
      for (const [name, args, sentence] of [
        ['ask_mimo', {}, 'query must be a string.'],
        ['search_vibes', { query: 'x', limit: 0 }, 'limit must be a whole number from 1 to 100.'],
        ['store_fact', {}, 'content is missing: give content, or subject, predicate and object.'],
      ] as const) {
        const result = await call(mimo, name, args);
        expect([result.isError, textsOf(result)]).toEqual([true, [sentence]]);
        expect(dataOf(result).error.kind).toBe('bad_arguments');
      }
    },
    STDIO_LIMIT_MS,
  );

  test(
    'speaks with a client that negotiates',
    async () => {
      const mimo = await connect('auto');
      expect(mimo.client.getServerVersion()).toMatchObject({ name: 'mimo' });
      expect(dataOf(await call(mimo, 'store_fact', { content: 'owls hoot' }))).toMatchObject({
        status: 'stored',
      });
    },
    STDIO_LIMIT_MS,
  );
});

describe('processes that share a state folder, as those of one configuration do', () => {
  const contents = async (): Promise<string[]> => {
    const { rows } = await direct.query('SELECT content FROM engrams ORDER BY content');
    return rows.map(({ content }) => content);
  };

  test(
    'each keeps what it has promised, and what a killed one had promised the next one keeps',
    async () => {
      const dependencies = await linkedDependencies(cleanup, { postgresPort: postgres.port });
      const folder = await temporaryFolder();
      cleanup.add(() => folder[Symbol.asyncDispose]());
      const start = () => childOf(dependencies, folder.path);
      const promise = async (child: { client: Client }, content: string): Promise<void> => {
        const result = await call({ ...dependencies, ...child }, 'store_fact', { content });
        expect(dataOf(result)).toMatchObject({ status: 'queued' });
      };
      const [one, two] = await Promise.all([start(), start()]);
      await dependencies.database.link.disable();
      await Promise.all([promise(one, 'of the first'), promise(two, 'of the second')]);
      process.kill(one.pid, 'SIGKILL');
      await dependencies.database.link.enable();
      await until('the second has kept its promise', async () =>
        (await contents()).includes('of the second'),
      );
      expect(await contents()).toEqual(['of the second']);
      await start();
      await until('the promise of the first is kept', async () => (await contents()).length === 2);
      expect(await contents()).toEqual(['of the first', 'of the second']);
    },
    STDIO_LIMIT_MS,
  );
});

describe('over standard input and output, as bytes', () => {
  test(
    'what is under way when the input ends is answered, and nothing but messages is written',
    async () => {
      const dependencies = await linkedDependencies(cleanup, { postgresPort: postgres.port });
      const folder = await temporaryFolder();
      cleanup.add(() => folder[Symbol.asyncDispose]());
      armed(dependencies.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 200 } });
      const child = spawn(process.execPath, ['services/mimo/main.ts'], {
        cwd: REPOSITORY,
        stdio: ['pipe', 'pipe', 'ignore'],
        env: await environmentOf(dependencies, folder.path),
      });
      cleanup.add(() => child.kill('SIGKILL'));
      const params = {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'a pipe', version: '1' },
      };
      const query = 'where do falcons nest?';
      const lines = [
        { jsonrpc: '2.0', id: 1, method: 'initialize', params },
        { jsonrpc: '2.0', method: 'notifications/initialized' },
        {
          jsonrpc: '2.0',
          id: 'q',
          method: 'tools/call',
          params: { name: 'ask_mimo', arguments: { query } },
        },
      ];
      child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const output = await text(child.stdout);
      const messages = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(messages.map(({ id }) => id)).toEqual([1, 'q']);
      expect(messages[1].result.structuredContent.served.links).toHaveProperty('llm');
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(0);
    },
    STDIO_LIMIT_MS,
  );
});

describe('over streamable HTTP, as bytes', () => {
  test('takes no message longer than a body may be', async () => {
    const mimo = await linkedMimo(cleanup, { limits: { bodyBytesMax: 2_000 } });
    expect((await raw(mimo.base, asking(1, 'x'.repeat(3_000)))).status).toBe(413);
  });

  const raw = (base: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${base}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    });
  const asking = (id: string | number, query: string): object => {
    return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'ask_mimo', arguments: { query } } };
  };
  /** The message in an answer, which may come as an event. */
  async function messageOf(response: Response): Promise<{ id: unknown; result: CallToolResult }> {
    const body = await response.text();
    return JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body);
  }

  test('an outage bears the id of its call, a number or a text', async () => {
    const mimo = await linkedMimo(cleanup, { postgresPort: postgres.port });
    armed(mimo.llms[0], DOWN);
    const ids = ['seven', 7, 'a-b', 0];
    const messages = await Promise.all(
      ids.map(async (id) => messageOf(await raw(mimo.base, asking(id, `question ${id}`)))),
    );
    expect(messages.map(({ id }) => id)).toEqual(ids);
    expect(messages.map(({ result }) => result.isError)).toEqual(ids.map(() => true));
  });

  test('every call is in the numbers', async () => {
    const mimo = await overHttp();
    const base = { base: mimo.base ?? '' };
    const count = (tool: string, outcome: string): Promise<number> =>
      metric(base, `mimo_mcp_calls_total{tool="${tool}",outcome="${outcome}"}`);
    expect(await count('search_vibes', 'error')).toBe(0);
    await call(mimo, 'ask_mimo', { query: 'where do falcons nest?' });
    armed(mimo.llms[0], DOWN);
    await call(mimo, 'ask_mimo', { query: 'where do falcons nest?' });
    await call(mimo, 'ask_mimo', { query: 'and where do owls?' });
    const outcomes = await Promise.all(
      ['ok', 'degraded', 'error'].map((outcome) => count('ask_mimo', outcome)),
    );
    expect(outcomes).toEqual([1, 1, 1]);
    await until('the link has told of them', () => chats(mimo.llms[0]) === 3);
  });

  test('is bounded like every other way in, and says when to come back', async () => {
    const mimo = await linkedMimo(cleanup, {
      postgresPort: postgres.port,
      limits: { requestsInFlightMax: 1 },
    });
    armed(mimo.llms[0], { type: 'http_slow_first_byte', attributes: { delay_ms: 1_000 } });
    const slow = raw(mimo.base, asking(1, 'slow')).then(messageOf);
    await until('the first is under way', async () => (await metric(mimo, 'mimo_requests_in_flight')) === 1);
    const { id, result } = await messageOf(await raw(mimo.base, asking(2, 'too much')));
    expect([id, result.isError]).toEqual([2, true]);
    expect(dataOf(result).error).toMatchObject({ kind: 'outage', retry_after_ms: 1_000 });
    expect((await slow).result.isError ?? false).toBe(false);
  });

  test('refuses a page from elsewhere', async () => {
    const mimo = await linkedMimo(cleanup, { postgresPort: postgres.port });
    const response = await raw(mimo.base, asking(1, 'x'), { origin: 'http://evil.example' });
    expect(response.status).toBe(403);
    expect(chats(mimo.llms[0])).toBe(0);
  });
});
