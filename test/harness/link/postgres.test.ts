import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { POSTGRES_DATABASE, POSTGRES_ROLE } from '../../../harness/environment/postgres.ts';
import { PostgresConversation } from '../../../harness/link/postgres/conversation.ts';
import { collectedEnds } from '../../support/conversation.ts';
import { testPostgres } from '../../support/postgres.ts';
import { Cleanup, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
let server: Awaited<ReturnType<typeof testPostgres>>;

beforeAll(async () => {
  server = await testPostgres();
}, 60_000);
afterEach(() => cleanup.run());
afterAll(() => server.stop());

async function linkAndClient(): Promise<{ link: TestLink; client: pg.Client }> {
  const link = await startLink(cleanup, server.port, { protocol: 'postgres' });
  const client = new pg.Client({
    host: '127.0.0.1',
    port: link.port,
    user: POSTGRES_ROLE,
    database: POSTGRES_DATABASE,
  });
  client.on('error', () => {});
  await client.connect();
  cleanup.add(() => client.end().catch(() => {}));
  return { link, client };
}

const seen = (link: TestLink): string[] =>
  link
    .of('statement')
    .map(({ command, tag, sqlstate, outcome }) => `${command} ${tag ?? sqlstate ?? '-'} ${outcome}`);

describe('a Postgres link', () => {
  test('records handshake, simple and extended statements with their command tags', async () => {
    const { link, client } = await linkAndClient();
    await client.query('create temp table t (x int)');
    await client.query('insert into t values ($1), ($2)', [1, 2]);
    await client.query('/* why */ -- where\n select * from t');
    expect(seen(link)).toEqual([
      'STARTUP - completed',
      'CREATE CREATE TABLE completed',
      'INSERT INSERT 0 2 completed',
      'SELECT SELECT 2 completed',
    ]);
  });

  test('records errors with their SQLSTATE, and that the next statement is fine', async () => {
    const { link, client } = await linkAndClient();
    await expect(client.query('select 1/0')).rejects.toThrow('division');
    await expect(client.query('select * from nowhere where x = $1', [1])).rejects.toThrow('nowhere');
    await client.query('select 1');
    expect(seen(link).slice(1)).toEqual([
      'SELECT 22012 failed',
      'SELECT 42P01 failed',
      'SELECT SELECT 1 completed',
    ]);
  });

  test('knows what is inside a transaction', async () => {
    const { link, client } = await linkAndClient();
    await client.query('begin');
    await client.query('select 1');
    await client.query('commit');
    expect(
      link
        .of('statement')
        .slice(1)
        .map(({ command, inTransaction }) => `${command} ${inTransaction}`),
    ).toEqual(['BEGIN false', 'SELECT true', 'COMMIT true']);
  });

  test('reads a trace id from a comment, and gives equal statements equal hashes with and without it', async () => {
    const { link, client } = await linkAndClient();
    await client.query("select 1 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'*/");
    await client.query('select 1');
    const [, traced, plain] = link.of('statement');
    expect(traced?.trace).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(plain?.trace).toBeNull();
    expect(traced?.textHash).toBe(plain?.textHash);
  });

  test('never records a statement’s text or values', async () => {
    const { link, client } = await linkAndClient();
    await client.query("select 'hunter2', $1::text", ['swordfish']);
    expect(JSON.stringify(link.events)).not.toMatch(/hunter2|swordfish/);
  });

  test('records a statement that the target abandons as broken by the target', async () => {
    const { link, client } = await linkAndClient();
    const gone = client.query('select pg_sleep(10)').catch(() => 'gone');
    await link.saw('the statement to begin', (event) => event.kind === 'connection');
    await new Promise((resolve) => setTimeout(resolve, 50)); // the statement must be on its way: nothing tells us so
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await gone;
    const broken = await link.saw(
      'the broken statement',
      (event) => event.kind === 'statement' && event.outcome === 'broken',
    );
    expect(broken).toMatchObject({ command: 'SELECT', endedBy: 'target' });
  });

  test('records a cut in mid-statement as broken by the link, with the fault', async () => {
    const { link, client } = await linkAndClient();
    const gone = client.query('select pg_sleep(10)').catch(() => 'gone');
    await new Promise((resolve) => setTimeout(resolve, 50)); // as above
    await link.link.cut();
    expect(await gone).toBe('gone');
    expect(
      await link.saw(
        'the broken statement',
        (event) => event.kind === 'statement' && event.outcome === 'broken',
      ),
    ).toMatchObject({ endedBy: 'link', faults: ['down'] });
  });

  test('passes a large result whole', async () => {
    const { client } = await linkAndClient();
    const { rows } = await client.query("select repeat('x', 1000) as x from generate_series(1, 20000)");
    expect(rows).toHaveLength(20_000);
  });
});

describe('whatever bytes come', () => {
  test('they are forwarded as they came and never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
        const ends = collectedEnds('database');
        const conversation = new PostgresConversation(ends);
        for (const chunk of chunks) {
          conversation.fromTarget(Buffer.from(chunk));
          conversation.toTarget(Buffer.from(chunk));
        }
        conversation.targetEnded();
        conversation.closed('target');
        expect(Buffer.concat(ends.forwarded).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
