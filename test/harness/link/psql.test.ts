/** psql, the client that every operator has, through a link: what passes, what it shows of a fault. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { testPostgres } from '../../support/postgres.ts';
import { type PostgresLink, startPostgresLink } from '../../support/postgres-link.ts';
import { psql, psqlVersion } from '../../support/psql.ts';
import { Cleanup } from '../../support/sockets.ts';
import { testWith } from '../../support/toxiproxy.ts';

const found = await psqlVersion();
const testReal = testWith({ psql: found });

const cleanup = new Cleanup();
let server: Awaited<ReturnType<typeof testPostgres>>;
let link: PostgresLink;

/** A server that offers TLS, and insists on it nowhere. */
async function withCertificate(dataDir: string): Promise<void> {
  const [key, certificate] = [path.join(dataDir, 'server.key'), path.join(dataDir, 'server.crt')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-keyout', key, '-out', certificate],
  ]);
  const { uid, gid } = await stat(dataDir);
  for (const file of [key, certificate]) await chown(file, uid, gid);
  await appendFile(path.join(dataDir, 'postgresql.conf'), 'ssl = on\n');
}

beforeAll(async () => {
  if (typeof found === 'string') return;
  server = await testPostgres(withCertificate);
  await psql(server.port, 'create table t (x int primary key); create table lines (n int, line text);');
}, 60_000);
beforeEach(async () => {
  if (typeof found === 'string') return;
  await psql(server.port, 'truncate t; truncate lines;');
  link = await startPostgresLink(cleanup, server.port);
});
afterEach(() => cleanup.run());
afterAll(() => server?.stop());

describe('with no fault', () => {
  testReal('what a SELECT prints is the same, bit for bit, through the link and past it', async () => {
    const script = `
      select n, md5(n::text), repeat('ü€😀', n % 50), decode(md5(n::text), 'hex'), null, n / 7.0
      from generate_series(1, 20000) as n;
      select repeat('x', 3000000);`;
    const [past, through] = [await psql(server.port, script), await psql(link.port, script)];
    expect(through).toMatchObject({ code: 0, stderr: '' });
    expect(through.stdout.length).toBeGreaterThan(4_000_000);
    expect(through.stdout.equals(past.stdout)).toBe(true);
    expect(link.statements()).toEqual([
      'SELECT SELECT 20000 completed dependency',
      'SELECT SELECT 1 completed dependency',
    ]);
  });

  testReal('the history has every statement with its command tag', async () => {
    const { code } = await psql(
      link.port,
      `begin;
       insert into t select generate_series(1, 5);
       update t set x = x + 10 where x > 3;
       savepoint s; delete from t; rollback to s;
       commit;
       table t order by x;
       create temp table u as select 1 as y;`,
    );
    expect(code).toBe(0);
    expect(link.of('statement').map(({ command, tag }) => `${command}: ${tag}`)).toEqual([
      'STARTUP: null',
      'BEGIN: BEGIN',
      'INSERT: INSERT 0 5',
      'UPDATE: UPDATE 2',
      'SAVEPOINT: SAVEPOINT',
      'DELETE: DELETE 5',
      'ROLLBACK: ROLLBACK',
      'COMMIT: COMMIT',
      'TABLE: SELECT 5',
      'CREATE: SELECT 1',
    ]);
  });

  testReal(
    '\\copy in and out of some MB gives the file back',
    async () => {
      const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
      cleanup.add(() => rm(dir, { recursive: true, force: true }));
      const [before, after] = [path.join(dir, 'before'), path.join(dir, 'after')];
      const rowCount = 20_000;
      const rows = Array.from({ length: rowCount }, (_, n) => `${n}\t${randomBytes(150).toString('hex')}\n`);
      await writeFile(before, rows.join(''));
      const { code, stderr } = await psql(
        link.port,
        `\\copy lines from '${before}'\n\\copy (select * from lines order by n) to '${after}'\n`,
      );
      expect([code, stderr]).toEqual([0, '']);
      const [given, back] = await Promise.all([readFile(before), readFile(after)]);
      expect(given.length).toBeGreaterThan(6_000_000);
      expect(back.equals(given)).toBe(true);
      expect(link.statements()).toEqual([
        `COPY COPY ${rowCount} completed dependency`,
        `COPY COPY ${rowCount} completed dependency`,
      ]);
    },
    30_000,
  );
});

describe('with a fault', () => {
  testReal('an injected error is shown with its SQLSTATE, and the script stops', async () => {
    link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { command: 'UPDATE' } });
    const { code, stderr } = await psql(link.port, 'insert into t values (1); update t set x = 2; select 1;');
    expect(stderr).toMatch(/^ERROR: {2}40001: injected by tripcurve$/m);
    expect(code).toBe(3);
    expect(link.statements()).toEqual([
      'INSERT INSERT 0 1 completed dependency',
      'UPDATE 40001 failed link postgres_error',
    ]);
  });

  testReal('a session that is killed: psql says why, and that the connection is lost', async () => {
    link.arm({ type: 'postgres_kill', match: { command: 'INSERT' } });
    const { code, stderr } = await psql(link.port, 'insert into t values (1);');
    expect(stderr).toMatch(/^FATAL: {2}57P01: terminating connection due to administrator command$/m);
    expect(stderr).toMatch(/connection to server was lost/);
    expect(code).toBe(2);
    expect((await psql(server.port, 'table t')).stdout.toString()).toBe('');
  });

  testReal('a session that is refused: psql shows the server’s own words', async () => {
    link.arm({ type: 'postgres_refuse' });
    const { code, stderr } = await psql(link.port, 'select 1;');
    expect(stderr).toMatch(/FATAL: {2}sorry, too many clients already/);
    expect(code).toBe(2);
  });

  testReal(
    'a cut after COMMIT and one before it look alike to psql: the history has it as broken',
    async () => {
      const script = 'begin; insert into t values (1); commit;';
      const said = new Map<string, string>();
      for (const [when, kept] of [
        ['before', ''],
        ['after', '1\n'],
      ] as const) {
        const other = await startPostgresLink(cleanup, server.port);
        other.arm({ type: 'postgres_cut', attributes: { when } });
        const { code, stderr } = await psql(other.port, script);
        said.set(when, stderr);
        expect(code).toBe(2);
        expect(await other.sawStatements(3)).toEqual([
          'BEGIN BEGIN completed dependency',
          'INSERT INSERT 0 1 completed dependency',
          'COMMIT - broken link postgres_cut',
        ]);
        expect((await psql(server.port, 'table t')).stdout.toString()).toBe(kept);
      }
      expect(said.get('after')).toBe(said.get('before'));
      expect(said.get('after')).toMatch(/Connection reset by peer|server closed the connection unexpectedly/);
    },
  );
});

describe('within TLS', () => {
  const SECURE = "select 'tls ' || ssl from pg_stat_ssl where pid = pg_backend_pid();";

  testReal('faults above TCP let it pass, and a note says that they cannot act', async () => {
    link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
    const { code, stdout } = await psql(link.port, SECURE, 'sslmode=require');
    expect([code, stdout.toString()]).toEqual([0, 'tls true\n']);
    expect(link.statements()).toEqual([]);
    expect(link.of('note').map(({ text }) => text)).toEqual([
      'link llm, connection 1: the stream is encrypted, so faults above TCP cannot act here; passing bytes unread from here',
    ]);
  });

  testReal('which psql asks for by itself where the server has it', async () => {
    expect((await psql(link.port, SECURE, 'sslmode=prefer')).stdout.toString()).toBe('tls true\n');
    expect(link.statements()).toEqual([]);
    expect((await psql(link.port, SECURE, 'sslmode=disable')).stdout.toString()).toBe('tls false\n');
    expect(link.statements()).toEqual(['SELECT SELECT 1 completed dependency']);
  });

  testReal('faults on TCP do act', async () => {
    await link.link.disable();
    const { code, stderr } = await psql(link.port, SECURE, 'sslmode=require');
    expect(stderr).toMatch(/Connection refused/);
    expect(code).toBe(2);
  });
});
