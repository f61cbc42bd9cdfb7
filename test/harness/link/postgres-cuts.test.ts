/** Sessions that are killed and connections that are cut at a statement; the database tells what came of it. */
import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { failure } from '../../support/postgres-link.ts';
import { postgresTruth } from '../../support/postgres-truth.ts';
import {
  bind,
  execute,
  FLUSH,
  message,
  parse,
  query,
  run,
  SYNC,
  wireClient,
} from '../../support/postgres-wire.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
const db = postgresTruth(cleanup, 'x int');

/** The server has no session left but the one that asks. */
const sessionsGone = (): Promise<void> =>
  eventually('the server to have ended the session', 10_000, async () => {
    const { rows: others } = await db.truth.query(
      "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    return others.length === 0;
  });

/** A statement as `pg` sends it in the simple protocol, and in the extended one. */
const WAYS: [how: string, as: (sql: string) => string | pg.QueryConfig][] = [
  ['simple', (sql) => sql],
  ['extended', (sql) => ({ name: sql, text: sql })],
];

describe('an ambiguous commit', () => {
  async function commitUnderFault(
    when: 'before' | 'after',
    as: (typeof WAYS)[0][1],
  ): Promise<{ code: string; message: string }> {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_cut', attributes: { when } });
    await client.query(as('begin'));
    await client.query(as('insert into t values (1)'));
    const failed = await failure(client.query(as('commit')));
    await sessionsGone();
    expect(db.link.statements()).toEqual([
      'BEGIN BEGIN completed dependency',
      'INSERT INSERT 0 1 completed dependency',
      'COMMIT - broken link postgres_cut',
    ]);
    expect(db.link.of('connection').at(-1)).toMatchObject({ what: 'closed', endedBy: 'link' });
    return failed;
  }

  test.each(WAYS)(
    '%s: cut before COMMIT nothing is kept, after it all; the target cannot tell',
    async (_how, as) => {
      const before = await commitUnderFault('before', as);
      expect(await db.rows()).toEqual([]);
      await cleanup.run();
      await db.relink();
      const after = await commitUnderFault('after', as);
      expect(await db.rows()).toEqual([1]);
      expect(after).toEqual(before);
      expect(before.code).toBe('ECONNRESET');
    },
  );
});

describe('a connection that is cut', () => {
  test.each(WAYS)(
    '%s, after a statement that commits by itself: it is done, and its answer lost',
    async (_how, as) => {
      const client = await db.link.client();
      db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'INSERT' } });
      expect((await failure(client.query(as('insert into t values (1)')))).code).toBe('ECONNRESET');
      expect(await db.rows()).toEqual([1]);
      expect(await db.link.sawStatements(1)).toEqual(['INSERT - broken link postgres_cut']);
    },
  );

  test.each(WAYS)('%s, before a statement named by its text: it is not done', async (_how, as) => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'before' }, match: { statement: 'into t' } });
    await client.query(as('select 1'));
    expect((await failure(client.query(as('insert into t values (1)')))).code).toBe('ECONNRESET');
    await sessionsGone();
    expect(await db.rows()).toEqual([]);
  });

  test('a statement that fails at the server is cut like any other', async () => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'SELECT' } });
    expect((await failure(client.query('select 1/0'))).code).toBe('ECONNRESET');
    expect(await db.link.sawStatements(1)).toEqual(['SELECT - broken link postgres_cut']);
  });

  test('in a pipeline what came before is answered, and what follows does not happen', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { statement: '(2)' } });
    client.socket.write(
      Buffer.concat([
        parse('later', 'insert into t values (2)'),
        SYNC,
        query('insert into t values (1)'),
        bind('', 'later'),
        execute(''),
        SYNC,
        query('insert into t values (3)'),
      ]),
    );
    expect(await client.ended).toBe('ECONNRESET');
    expect('1 Z:I C:INSERT Z:I').toContain(client.said()); // an RST may overtake what has not been read
    await sessionsGone();
    expect(await db.rows()).toEqual([1, 2]);
    expect(db.link.statements()).toEqual([
      'INSERT INSERT 0 1 completed dependency',
      'INSERT - broken link postgres_cut',
    ]);
  });

  test('a target that asks by Flush and never sends Sync is cut too', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { statement: '(2)' } });
    client.socket.write(
      Buffer.concat([run('insert into t values (1)'), run('insert into t values (2)'), FLUSH]),
    );
    expect(await client.ended).toBe('ECONNRESET');
    await sessionsGone();
    expect(await db.rows()).toEqual([]); // without Sync nothing was committed
  });

  test('a COPY is cut where the server would begin to take its data', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'COPY' } });
    client.socket.write(query('copy t from stdin'));
    expect(await client.ended).toBe('ECONNRESET');
  });

  test('where the server ends the session instead of answering, the connection is cut all the same', async () => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'SELECT' } });
    const killed = failure(client.query('select pg_terminate_backend(pg_backend_pid())'));
    expect((await killed).code).toBe('ECONNRESET');
    expect(await db.link.sawStatements(1)).toEqual(['SELECT - broken link postgres_cut']);
  });
});

describe('a session that is killed', () => {
  test.each(WAYS)(
    '%s: the target reads why, and its statement and its session are gone',
    async (_how, as) => {
      const client = await db.link.client();
      db.link.arm({ type: 'postgres_kill', match: { command: 'INSERT' } });
      await client.query(as('begin'));
      expect(await failure(client.query(as('insert into t values (1)')))).toEqual({
        code: '57P01',
        message: 'terminating connection due to administrator command',
      });
      await sessionsGone();
      expect(await db.rows()).toEqual([]);
      expect(await db.link.sawStatements(2)).toEqual([
        'BEGIN BEGIN completed dependency',
        'INSERT 57P01 failed link postgres_kill',
      ]);
      await db.link.saw('the end', (event) => event.kind === 'connection' && event.what === 'closed');
      expect(db.link.of('connection').at(-1)).toMatchObject({ endedBy: 'link' });
    },
  );

  test('another SQLSTATE, another message', async () => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_kill', attributes: { sqlstate: '57P02', message: 'crash' } });
    expect(await failure(client.query('select 1'))).toEqual({ code: '57P02', message: 'crash' });
  });

  test('on the wire: a FATAL error behind the answers that were due, then FIN; what follows goes nowhere', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_kill', match: { statement: '(2)' } });
    client.socket.write(
      Buffer.concat([
        query('insert into t select 1 from (select pg_sleep(0.1)) as late'),
        query('insert into t values (2)'),
        query('insert into t values (3)'),
      ]),
    );
    expect(await client.ended).toBe('fin');
    expect(client.said()).toBe('C:INSERT Z:I E:57P01');
    client.socket.destroy();
    await sessionsGone();
    expect(await db.rows()).toEqual([1]);
    expect(db.link.statements()).toEqual([
      'INSERT INSERT 0 1 completed dependency',
      'INSERT 57P01 failed link postgres_kill',
    ]);
  });

  test('in the middle of a row that the server has half sent, the row is completed first', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_kill', match: { statement: '(2)' } });
    // The server sends its buffer whenever it is full, wherever that is in a message.
    const start = Buffer.concat([run("select repeat('x', 100000)"), parse('', 'insert into t values (2)')]);
    client.socket.write(start);
    await client.got(20_000);
    client.socket.write(Buffer.concat([bind('', ''), execute(''), SYNC]));
    expect(await client.ended).toBe('fin');
    expect(client.said()).toMatch(/^1 2 D .*E:57P01$/);
  });

  test('a target that does not close is closed', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_kill' });
    client.socket.write(query('select 1'));
    expect(await client.ended).toBe('fin');
    await db.link.saw('the end', (event) => event.kind === 'connection' && event.what === 'closed');
    await sessionsGone();
  });
});

test('a target that resets under a pending cut leaves nothing behind', async () => {
  const client = await wireClient(cleanup, db.link.port);
  db.link.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'SELECT' } });
  client.socket.write(Buffer.concat([query('select pg_sleep(30)'), message('H')]));
  await eventually('the statement to run', 10_000, async () => {
    const { rows: found } = await db.truth.query(
      "select 1 from pg_stat_activity where query like '%sleep(30)' and state = 'active'",
    );
    return found.length > 0;
  });
  client.socket.resetAndDestroy();
  expect(await db.link.sawStatements(1)).toEqual(['SELECT - broken target postgres_cut']);
});
