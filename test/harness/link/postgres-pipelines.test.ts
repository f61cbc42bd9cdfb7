/** Statements that fail in the middle of pipelines, and messages in pieces: what `pg` never sends, sent by hand. */
import { describe, expect, test } from '@jest/globals';
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
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
const db = postgresTruth(cleanup, 'x int primary key deferrable initially deferred');

describe('a pipeline in which one statement fails', () => {
  const error = (statement: string): void => {
    db.link.arm({
      type: 'postgres_error',
      attributes: { sqlstate: '40001' },
      match: { statement },
      times: 1,
    });
  };

  test('is skipped by the server up to its Sync, and what came before it is undone', async () => {
    const client = await wireClient(cleanup, db.link.port);
    error('(2)');
    client.socket.write(
      Buffer.concat([
        run('insert into t values (1)'),
        run('insert into t values (2)'),
        run('insert into t values (3)'),
        SYNC,
        run('insert into t values (4)'),
        SYNC,
      ]),
    );
    expect(await client.ready(2)).toBe('1 2 C:INSERT 1 2 E:40001 Z:I 1 2 C:INSERT Z:I');
    expect(await db.rows()).toEqual([4]);
    expect(db.link.statements()).toEqual([
      'INSERT INSERT 0 1 completed dependency',
      'INSERT 40001 failed link postgres_error',
      'INSERT 25P02 failed link postgres_error',
      'INSERT INSERT 0 1 completed dependency',
    ]);
  });

  test('has one ReadyForQuery for each Sync also where a COMMIT fails', async () => {
    const client = await wireClient(cleanup, db.link.port);
    error('commit');
    client.socket.write(
      Buffer.concat([
        run('begin'),
        run('insert into t values (1)'),
        run('commit'),
        run('insert into t values (2)'),
        SYNC,
        run('insert into t values (3)'),
        SYNC,
      ]),
    );
    expect(await client.ready(2)).toBe('1 2 C:BEGIN 1 2 C:INSERT 1 2 E:40001 Z:I 1 2 C:INSERT Z:I');
    expect(await db.rows()).toEqual([3]);
    expect(db.link.statements()).toEqual([
      'BEGIN BEGIN completed dependency',
      'INSERT INSERT 0 1 completed dependency',
      'COMMIT 40001 failed link postgres_error',
      'INSERT INSERT 0 1 completed dependency',
    ]);
  });

  test('keeps answers apart where simple and extended statements follow each other unanswered', async () => {
    const client = await wireClient(cleanup, db.link.port);
    error('(2)');
    client.socket.write(
      Buffer.concat([
        query('insert into t values (1)'),
        parse('p', 'insert into t values (9)'), // a group without a statement
        SYNC,
        query('insert into t values (2)'),
        query('insert into t values (3)'),
      ]),
    );
    expect(await client.ready(4)).toBe('C:INSERT Z:I 1 Z:I E:40001 Z:I C:INSERT Z:I');
    expect(db.link.statements()).toEqual([
      'INSERT INSERT 0 1 completed dependency',
      'INSERT 40001 failed link postgres_error',
      'INSERT INSERT 0 1 completed dependency',
    ]);
  });

  test('leaves the target’s own prepared statements alone', async () => {
    const client = await wireClient(cleanup, db.link.port);
    client.socket.write(Buffer.concat([parse('', 'insert into t values (7)'), SYNC]));
    await client.ready(1);
    error('(7)');
    client.socket.write(Buffer.concat([bind('', ''), execute(''), SYNC, bind('', ''), execute(''), SYNC]));
    // The unnamed statement is still there for the second Bind, as it would be after an error of the server's own.
    expect(await client.ready(3)).toBe('1 Z:I 2 E:40001 Z:I 2 C:INSERT Z:I');
  });

  test('answers to Flush without a Sync', async () => {
    const client = await wireClient(cleanup, db.link.port);
    error('(8)');
    client.socket.write(Buffer.concat([run('insert into t values (8)'), FLUSH]));
    await new Promise<void>((resolve) => {
      const look = (): void => (client.said().includes('E:') ? resolve() : undefined);
      client.socket.on('data', look);
      look();
    });
    expect(client.said()).toBe('1 2 E:40001');
    client.socket.write(SYNC);
    expect(await client.ready(1)).toBe('1 2 E:40001 Z:I');
  });

  test('takes COPY data under an armed fault, also where Sync was sent with the Execute', async () => {
    const client = await wireClient(cleanup, db.link.port);
    error('never there');
    client.socket.write(Buffer.concat([parse('', 'copy t from stdin'), bind('', ''), execute(''), SYNC]));
    await new Promise<void>((resolve) => {
      client.socket.on('data', () => (client.said().includes('G') ? resolve() : undefined));
    });
    client.socket.write(Buffer.concat([message('d', '11\n12\n'), message('c'), SYNC]));
    expect(await client.ready(1)).toBe('1 2 G C:COPY Z:I');
    client.socket.write(query('select 1'));
    await client.ready(2);
    expect(await db.rows()).toEqual([11, 12]);
    expect(db.link.statements()).toEqual([
      'COPY COPY 2 completed dependency',
      'SELECT SELECT 1 completed dependency',
    ]);
  });
});

describe('bytes in pieces', () => {
  test('a statement that comes byte by byte fails like any other', async () => {
    const client = await wireClient(cleanup, db.link.port);
    db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { command: 'INSERT' } });
    client.socket.setNoDelay(true);
    for (const byte of Buffer.concat([run('insert into t values (1)'), SYNC])) {
      client.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.ready(1)).toBe('1 2 E:40001 Z:I');
  });

  test('a statement whose beginning had gone before the fault came is finished unharmed', async () => {
    const client = await wireClient(cleanup, db.link.port);
    const statement = query('insert into t values (1)');
    const before = db.link.link.counters.upstreamOut;
    client.socket.write(statement.subarray(0, 9));
    while (db.link.link.counters.upstreamOut < before + 9)
      await new Promise((resolve) => setImmediate(resolve));
    db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
    client.socket.write(Buffer.concat([statement.subarray(9), statement]));
    expect(await client.ready(2)).toBe('C:INSERT Z:I E:40001 Z:I');
  });

  test('a statement longer than what is held passes', async () => {
    const client = await db.link.client();
    const fault = db.link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
    const { rows: long } = await client.query(`select length('${'x'.repeat(2_000_000)}') as x`);
    expect(long).toEqual([{ x: 2_000_000 }]);
    expect(fault.chooser.hits).toBe(0);
  });
});
