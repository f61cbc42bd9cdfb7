/** What an attempt is on a link that reads PostgreSQL, on events written by hand. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { HistoryEvent, Unnumbered } from '../../../../harness/model/history.ts';
import { PostgresWire } from '../../../../harness/policy/wires/postgres.ts';
import type { Sighting } from '../../../../harness/policy/wires/wire.ts';

type StatementSeen = Extract<Unnumbered<HistoryEvent>, { kind: 'statement' }>;
type ConnectionSeen = Extract<Unnumbered<HistoryEvent>, { kind: 'connection' }>;

let wire: PostgresWire;
let nowMs: number;
beforeEach(() => {
  wire = new PostgresWire();
  nowMs = 0;
});

const ns = (ms: number): number => ms * 1e6;

/** Each takes 10 ms; what is named `spoils` was armed to spoil. */
function statement(command: string, more: Partial<StatementSeen> = {}): Sighting[] {
  const t = nowMs;
  nowMs += 10;
  return wire.see(
    {
      kind: 'statement',
      t: ns(t),
      endT: ns(nowMs),
      link: 'db',
      connection: 1,
      command,
      textHash: command === 'STARTUP' ? null : `hash of ${command}`,
      tag: command,
      sqlstate: null,
      outcome: 'completed',
      endedBy: 'dependency',
      inTransaction: false,
      trace: null,
      faults: [],
      ...more,
    },
    (faults) => faults.includes('spoils'),
  );
}

function connection(what: ConnectionSeen['what'], endedBy: ConnectionSeen['endedBy'] = null): Sighting[] {
  return wire.see(
    {
      kind: 'connection',
      t: ns(nowMs),
      link: 'db',
      connection: 1,
      what,
      endedBy,
      bytesUp: 0,
      bytesDown: 0,
      faults: [],
    },
    () => false,
  );
}

/** A session that has been there for long. */
function session(): void {
  connection('opened');
  statement('STARTUP');
  nowMs = 1_000;
}

describe('an attempt', () => {
  test('is a statement outside of a transaction', () => {
    session();
    expect(statement('SELECT')).toMatchObject([
      { startMs: 1_000, endMs: 1_010, ok: true, asks: 'hash of SELECT' },
    ]);
  });

  test('is a transaction, known by the first statement that does something', () => {
    session();
    const inTransaction = true;
    expect(statement('BEGIN')).toEqual([]);
    expect(statement('SET', { inTransaction })).toEqual([]);
    expect(statement('INSERT', { inTransaction })).toEqual([]);
    expect(statement('UPDATE', { inTransaction })).toEqual([]);
    const over = statement('COMMIT', { inTransaction });
    expect(over).toMatchObject([{ startMs: 1_000, endMs: 1_050, ok: true, asks: 'hash of INSERT' }]);
    expect(wire.describe('hash of INSERT')).toEqual({
      asks: 'hash of INSERT',
      command: 'INSERT',
      isTransaction: true,
    });
  });

  test('is a transaction too where it comes in a pipeline, before anybody knows that it is in one', () => {
    session();
    expect([statement('BEGIN'), statement('INSERT')].flat()).toEqual([]);
    expect(statement('COMMIT')).toMatchObject([{ ok: true, asks: 'hash of INSERT' }]);
  });

  test('is over with the first statement that fails: its ROLLBACK is none of its own', () => {
    session();
    statement('BEGIN');
    const failed = { outcome: 'failed', sqlstate: '53100', endedBy: 'link', inTransaction: true } as const;
    expect(statement('INSERT', failed)).toMatchObject([{ startMs: 1_000, endMs: 1_020, ok: false }]);
    expect(statement('ROLLBACK', { inTransaction: true })).toEqual([]);
    expect(statement('SELECT')).toMatchObject([{ startMs: 1_030, ok: true }]);
  });

  test('has not gone well where what was armed acted on it', () => {
    session();
    expect(statement('SELECT', { faults: ['spoils'] })).toMatchObject([{ ok: false }]);
  });

  test('begins with the dial where a session was made for it, and it is told when it was sent', () => {
    connection('opened');
    statement('STARTUP');
    expect(statement('SELECT')).toMatchObject([{ startMs: 0, sentMs: 10, endMs: 20 }]);
    expect(statement('SELECT')[0]).not.toHaveProperty('sentMs');
  });

  test.each<[string, () => Sighting[]]>([
    ['is refused', () => statement('STARTUP', { outcome: 'failed', sqlstate: '53300', endedBy: 'link' })],
    ['is not answered', () => statement('STARTUP', { outcome: 'broken', endedBy: 'target' })],
    ['is closed by the link before it has begun', () => connection('closed', 'link')],
  ])('is a session that %s', (_what, come) => {
    connection('opened');
    expect(come()).toMatchObject([{ startMs: 0, ok: false, asks: null }]);
    expect(connection('closed', 'link')).toEqual([]);
  });

  test.each<[string, () => Sighting[]]>([
    ['a session that was made and not used', () => statement('STARTUP')],
    ['what sets the scene', () => statement('SET')],
    ['a request to cancel, which the server closes', () => connection('closed', 'dependency')],
    ['a connection that the target thinks better of', () => connection('closed', 'target')],
  ])('is not %s', (_what, come) => {
    connection('opened');
    expect(come()).toEqual([]);
  });
});

describe('what is injected', () => {
  const insert = { asks: 'x', command: 'INSERT', isTransaction: false };

  test('hits what the calls ask for first, and its commit', () => {
    expect(wire.injection('error-40001', insert)).toMatchObject({
      faults: [{ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { command: 'INSERT' } }],
    });
    expect(wire.injection('cut-after-commit', insert)).toMatchObject({
      faults: [{ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'INSERT' } }],
    });
    expect(wire.injection('cut-before-commit', { ...insert, isTransaction: true })).toEqual({
      faults: [{ type: 'postgres_cut', attributes: { when: 'before' } }],
    });
  });

  test('is something for each way to fail, and a reason where there is nothing', () => {
    for (const shape of wire.ways.shapes) expect(wire.injection(shape)).toHaveProperty('faults');
    expect(wire.injection('drip')).toMatch(/cannot be had/);
    expect(wire.injection('status-503')).toMatch(/knows no status-503/);
  });
});
