/** Statements that fail, start-ups that are refused, statements that are late; against a real server. */
import { describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { ProtocolFault } from '../../../harness/link/protocol-fault.ts';
import { failure } from '../../support/postgres-link.ts';
import { postgresTruth } from '../../support/postgres-truth.ts';
import {
  bind,
  describe as describePortal,
  parse,
  query,
  run,
  SYNC,
  wireClient,
} from '../../support/postgres-wire.ts';
import { Cleanup } from '../../support/sockets.ts';

const HELD_LIMIT_MS = 4_000;

const cleanup = new Cleanup();
const db = postgresTruth(cleanup, 'x int primary key deferrable initially deferred');

describe('a statement that fails', () => {
  test.each([
    ['simple', undefined],
    ['parameterised', [1]],
  ])(
    '%s, outside a transaction: it has its SQLSTATE and message, and the session goes on',
    async (_how, values) => {
      const client = await db.link.client();
      db.link.arm({
        type: 'postgres_error',
        attributes: { sqlstate: '40P01', message: 'it\'s "so" $$ \\' },
        match: { command: 'INSERT' },
      });
      const sql = values === undefined ? 'insert into t values (1)' : 'insert into t values ($1)';
      expect(await failure(client.query(sql, values))).toEqual({
        code: '40P01',
        message: 'it\'s "so" $$ \\',
      });
      expect((await client.query('select 7 as x')).rows).toEqual([{ x: 7 }]);
      expect(await db.rows()).toEqual([]);
      expect(db.link.statements()).toEqual([
        'INSERT 40P01 failed link postgres_error',
        'SELECT SELECT 1 completed dependency',
      ]);
    },
  );

  test.each([
    ['simple', undefined],
    ['parameterised', [2]],
  ])('%s, in a transaction: everything in it fails with 25P02 until ROLLBACK', async (_how, values) => {
    const client = await db.link.client();
    db.link.arm({
      type: 'postgres_error',
      attributes: { sqlstate: '55P03' },
      match: { statement: 'VALUES (' },
      times: 1,
    });
    await client.query('begin');
    const sql = values === undefined ? 'insert into t values (2)' : 'insert into t values ($1)';
    expect((await failure(client.query(sql, values))).code).toBe('55P03');
    expect((await failure(client.query('select 1'))).code).toBe('25P02');
    expect((await failure(client.query('select $1::int', [1]))).code).toBe('25P02');
    await client.query('rollback');
    await client.query(sql, values);
    expect(await db.rows()).toEqual([2]);
    expect(db.link.statements()).toEqual([
      'BEGIN BEGIN completed dependency',
      'INSERT 55P03 failed link postgres_error',
      'SELECT 25P02 failed dependency',
      'SELECT 25P02 failed dependency',
      'ROLLBACK ROLLBACK completed dependency',
      'INSERT INSERT 0 1 completed dependency',
    ]);
  });

  test.each([
    ['simple', 'insert into t values (3)', (sql: string) => sql],
    ['prepared', 'insert into t values (3)', (sql: string) => ({ name: sql, text: sql })],
    ['simple, after work on a temporary table', 'create temp table mine (x int)', (sql: string) => sql],
  ])('a COMMIT (%s): nothing is kept, and no transaction is left behind', async (_how, work, as) => {
    const client = await db.link.client();
    db.link.arm({
      type: 'postgres_error',
      attributes: { sqlstate: '40001' },
      match: { command: 'COMMIT' },
      times: 1,
    });
    await client.query(as('begin'));
    await client.query(as(work));
    expect((await failure(client.query(as('commit')))).code).toBe('40001');
    // As after a failed commit of PostgreSQL’s own: a new transaction can begin, no ROLLBACK is needed.
    await client.query(as('begin'));
    await client.query(as('insert into t values (4)'));
    await client.query(as('commit'));
    expect(await db.rows()).toEqual([4]);
    expect(db.link.statements().filter((line) => line.startsWith('COMMIT'))).toEqual([
      'COMMIT 40001 failed link postgres_error',
      'COMMIT COMMIT completed dependency',
    ]);
  });

  test.each([
    ['simple', (sql: string) => sql],
    ['prepared', (sql: string) => ({ name: sql, text: sql })],
  ])('a COMMIT (%s) that fails of itself keeps its own error', async (_how, as) => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { command: 'COMMIT' } });
    await client.query(as('begin'));
    await client.query(as('insert into t values (5), (5)')); // the constraint is checked at the end
    expect((await failure(client.query(as('commit')))).code).toBe('23505');
    expect((await client.query('select 1 as x')).rows).toEqual([{ x: 1 }]);
    expect(db.link.statements()).toContain('COMMIT 23505 failed dependency postgres_error');
  });

  test('is known by the text it was prepared with, also where that was before the fault', async () => {
    const client = await db.link.client();
    const prepared = { name: 'mine', text: 'select $1::int as x' };
    await client.query({ ...prepared, values: [1] });
    db.link.arm({
      type: 'postgres_error',
      attributes: { sqlstate: '53100' },
      match: { command: 'SELECT', statement: '::INT as' },
    });
    expect((await failure(client.query({ ...prepared, values: [2] }))).code).toBe('53100');
    expect((await db.link.sawStatements(2)).at(-1)).toBe('SELECT 53100 failed link postgres_error');
  });

  test('is left to the server in a transaction that has failed, and is not counted as hit', async () => {
    const client = await db.link.client();
    await client.query('begin');
    await failure(client.query('select 1/0'));
    const fault = db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, times: 1 });
    expect((await failure(client.query('select 1'))).code).toBe('25P02');
    expect(fault.chooser.hits).toBe(0);
    await client.query('rollback');
    expect((await failure(client.query('select 1'))).code).toBe('40001');
  });

  test('is never reported as the statement that stood in for it, nor told in the history', async () => {
    const client = await db.link.client();
    const fault = db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
    const { message: said } = await failure(client.query('select 1'));
    expect(said).toBe('injected by tripcurve');
    db.link.link.removeFault(fault);
    await client.query('select 1');
    const [, failed, completed, ...more] = db.link.of('statement');
    expect(more).toEqual([]);
    expect(failed?.textHash).toBe(completed?.textHash);
  });
});

describe('which statements fail', () => {
  const outcomes = async (client: pg.Client, count: number): Promise<string> => {
    let seen = '';
    for (let n = 0; n < count; n++) {
      seen += await client.query('select 1').then(
        () => '.',
        () => 'x',
      );
    }
    return seen;
  };

  test.each([
    [{ match: { nth: 3 } }, '..x...'],
    [{ match: { every: 2 } }, '.x.x.x'],
    [{ times: 2 }, 'xx....'],
    [{ probability: 0 }, '......'],
    [{ match: { command: 'INSERT' } }, '......'],
    [{ match: { statement: 'SELECT' }, times: 1 }, 'x.....'],
  ])('%j', async (how, expected) => {
    const client = await db.link.client();
    db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, ...how });
    expect(await outcomes(client, 6)).toBe(expected);
  });
});

describe('a start-up that is refused', () => {
  test.each([
    [{}, '53300', 'sorry, too many clients already'],
    [{ sqlstate: '57P03' }, '57P03', 'the database system is starting up'],
    [{ sqlstate: '28P01', message: 'no' }, '28P01', 'no'],
  ])('%j: the target learns why, and the server never hears of it', async (attributes, code, said) => {
    db.link.arm({ type: 'postgres_refuse', attributes });
    expect(await failure(db.link.client())).toEqual({ code, message: said });
    expect(await db.link.sawStatements(1)).toEqual([`STARTUP ${code} failed link postgres_refuse`]);
    await db.link.saw('the end', (event) => event.kind === 'connection' && event.what === 'closed');
    expect(db.link.of('connection').at(-1)).toMatchObject({ endedBy: 'link' });
    expect(db.link.link.counters.upstreamOut).toBe(0);
  });

  test('sessions that live are left alone, and new ones begin after the heal', async () => {
    const client = await db.link.client();
    const fault = db.link.arm({ type: 'postgres_refuse' });
    await failure(db.link.client());
    await client.query('select 1');
    db.link.link.removeFault(fault);
    await (await db.link.client()).query('select 1');
  });

  test('beyond so many sessions; one that ends makes room, one that was refused takes none', async () => {
    const before = await db.link.client();
    const fault = db.link.arm({ type: 'postgres_sessions', attributes: { max: 2 } });
    await db.link.client();
    for (const _again of [1, 2]) expect((await failure(db.link.client())).code).toBe('53300');
    await before.end();
    await db.link.client();
    expect((await failure(db.link.client())).code).toBe('53300');
    expect(fault.chooser.hits).toBe(3);
  });
});

describe('a statement that is slow', () => {
  const DELAY_MS = 300;

  test('reaches the server later, and so does all that follows it on its connection', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_slow', attributes: { delay_ms: DELAY_MS }, match: { statement: '(1)' } });
    const startMs = performance.now();
    client.socket.write(
      Buffer.concat([run('insert into t values (1)'), SYNC, query('insert into t values (2)')]),
    );
    expect(await client.ready(2)).toBe('1 2 C:INSERT Z:I C:INSERT Z:I');
    expect(performance.now() - startMs).toBeGreaterThan(DELAY_MS * 0.95);
    const [slow] = db.link.of('statement').slice(1);
    expect(db.link.statements()[0]).toBe('INSERT INSERT 0 1 completed dependency postgres_slow');
    expect((slow?.endT ?? 0) - (slow?.t ?? 0)).toBeGreaterThan(DELAY_MS * 0.95 * 1e6);
  });

  test('holds up nobody else', async () => {
    const [slow, quick] = [await db.link.client(), await db.link.client()];
    db.link.arm({ type: 'postgres_slow', attributes: { delay_ms: 60_000 }, times: 1 });
    const late = failure(slow.query('select 1'));
    expect((await quick.query('select 2 as x')).rows).toEqual([{ x: 2 }]);
    await db.link.link.disable();
    await late;
  });

  test('is sent on when the target leaves, and is its to have broken off', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_slow', attributes: { delay_ms: 60_000 } });
    client.socket.write(
      Buffer.concat([query('insert into t values (1)'), query('insert into t values (2)')]),
    );
    client.socket.end();
    expect(await db.link.sawStatements(2)).toEqual([
      'INSERT - broken target postgres_slow',
      'INSERT - broken target',
    ]);
  });
});

describe('a statement that is held', () => {
  /** No event tells of it: what is held is told when it is over. */
  async function holds({ chooser }: ProtocolFault, count: number): Promise<void> {
    const untilMs = performance.now() + HELD_LIMIT_MS;
    while (chooser.hits < count) {
      if (performance.now() > untilMs)
        throw new Error(`waited in vain for ${count} statements that are held`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('waits until the fault is lifted, however new its connection is, and is answered then', async () => {
    const old = await db.link.client();
    const fault = db.link.arm({ type: 'postgres_hold', match: { command: 'INSERT' } });
    const fresh = await db.link.client();
    const held = [old.query('insert into t values (1)'), fresh.query('insert into t values ($1)', [2])];
    await holds(fault, 2);
    expect(await db.rows()).toEqual([]);
    expect(db.link.statements()).toEqual([]);
    db.link.link.removeFault(fault);
    await Promise.all(held);
    expect(await db.rows()).toEqual([1, 2]);
    expect(await db.link.sawStatements(2)).toEqual(
      Array.from({ length: 2 }, () => 'INSERT INSERT 0 1 completed dependency postgres_hold'),
    );
  });

  test('is the target’s to have broken off where it leaves meanwhile', async () => {
    const client = await wireClient(cleanup, db.link.port);
    const fault = db.link.arm({ type: 'postgres_hold' });
    client.socket.write(query('insert into t values (1)'));
    await holds(fault, 1);
    client.socket.end();
    expect(await db.link.sawStatements(1)).toEqual(['INSERT - broken target postgres_hold']);
    db.link.link.removeFault(fault);
  });
});

describe('what is asked of a fault', () => {
  test.each([
    [{ type: 'postgres_error', attributes: { sqlstate: 'nope' } }, /sqlstate/],
    [{ type: 'postgres_error', attributes: { sqlstate: '40001', message: 'a\nb' } }, /message/],
    [{ type: 'postgres_cut', attributes: {} }, /when/],
    [{ type: 'postgres_sessions', attributes: { max: -1 } }, /max/],
    [{ type: 'postgres_slow', attributes: { delay_ms: 1, jitter: 2 } }, /jitter/],
  ])('%j is refused', (fault, why) => {
    expect(() => db.link.arm(fault)).toThrow(why);
  });

  test('a portal described by itself is no statement', async () => {
    const client = await wireClient(cleanup, db.link.port);
    const fault = db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
    client.socket.write(Buffer.concat([parse('', 'select 1'), bind('', ''), describePortal(''), SYNC]));
    expect(await client.ready(1)).toBe('1 2 T Z:I');
    expect(fault.chooser.hits).toBe(0);
  });
});
