/** A real PgBouncer between two links, before a real PostgreSQL: what passes, what it makes of faults on either side. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { findPgbouncer, startPgbouncer } from '../../../harness/environment/pgbouncer.ts';
import { messageOf } from '../../../harness/model/errors.ts';
import { testPostgres } from '../../support/postgres.ts';
import { failure, type PostgresLink, startPostgresLink } from '../../support/postgres-link.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { testWith } from '../../support/toxiproxy.ts';

const pgbouncer = await findPgbouncer().catch(messageOf);
const isThere = path.isAbsolute(pgbouncer);
const testReal = testWith({ pgbouncer: isThere ? null : pgbouncer });
const version = isThere ? (await promisify(execFile)(pgbouncer, ['--version'])).stdout : '';
/** From 1.21 on it can keep prepared statements, and says so in a setting that older ones do not know. */
const testOlder = testWith({
  pgbouncer: isThere ? null : pgbouncer,
  version: /PgBouncer 1\.(1\d|20)\./.test(version) ? null : 'it may keep prepared statements',
});

const cleanup = new Cleanup();
let server: Awaited<ReturnType<typeof testPostgres>>;

beforeAll(async () => {
  if (isThere) server = await testPostgres();
}, 60_000);
afterEach(() => cleanup.run());
afterAll(() => server?.stop());

/** Client → near → PgBouncer → far → PostgreSQL. */
async function chain(
  settings: Record<string, string> = { pool_mode: 'transaction' },
): Promise<{ near: PostgresLink; far: PostgresLink; log: string }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const far = await startPostgresLink(cleanup, server.port);
  const log = path.join(dir, 'log');
  const { child, address } = await startPgbouncer(
    { name: 'database', dir: path.join(dir, 'pgbouncer'), server: far.link.listen, settings },
    { env: {}, now: () => 0, emit: () => {}, logFile: log },
  );
  cleanup.add(() => child.stop());
  return { near: await startPostgresLink(cleanup, address.port), far, log };
}

describe('a pool of transactions', () => {
  testReal('statements with values pass, and both links see them', async () => {
    const { near, far } = await chain();
    const client = await near.client();
    expect((await client.query('select $1::int as x, $2::text as y', [7, 'ä'])).rows).toEqual([
      { x: 7, y: 'ä' },
    ]);
    expect(await near.sawStatements(1)).toEqual(['SELECT SELECT 1 completed dependency']);
    // PgBouncer has a word of its own with a server it has just met.
    await far.saw('the statement', (event) => event.kind === 'statement' && event.tag === 'SELECT 1');
  });

  testOlder('a statement prepared by name is lost on another server connection', async () => {
    const { near } = await chain();
    const [one, other] = [await near.client(), await near.client()];
    const named = { name: 'seven', text: 'select 7 as x' };
    expect((await one.query(named)).rows).toEqual([{ x: 7 }]);
    await other.query('begin'); // takes the only server connection there is
    expect(await failure(one.query(named))).toEqual({
      code: '26000',
      message: 'prepared statement "seven" does not exist',
    });
    await other.query('rollback');
  });

  testReal(
    'a session with a parameter that it does not know is turned away, unless told to let it be',
    async () => {
      const { near } = await chain();
      expect(await failure(near.client({ statement_timeout: 500 }))).toEqual({
        code: '08P01',
        message: 'unsupported startup parameter: statement_timeout',
      });
      const told = await chain({ pool_mode: 'transaction', ignore_startup_parameters: 'statement_timeout' });
      const client = await told.near.client({ statement_timeout: 500 });
      expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    },
  );
});

describe('faults behind it', () => {
  testReal('an error passes as it is, and each link says who ended the statement', async () => {
    const { near, far } = await chain();
    const client = await near.client();
    far.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { statement: 'one' } });
    expect((await failure(client.query("select 'one'"))).code).toBe('40001');
    expect(await near.sawStatements(1)).toEqual(['SELECT 40001 failed dependency']);
    expect(far.statements()).toContain('SELECT 40001 failed link postgres_error');
    expect((await client.query('select 2 as x')).rows).toEqual([{ x: 2 }]);
  });

  testReal('a cut after the statement is told as a crash, over a connection that was well', async () => {
    const { near, far } = await chain();
    const client = await near.client();
    await client.query('create table if not exists t (x int)');
    await client.query('truncate t');
    far.arm({ type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'INSERT' } });
    expect((await failure(client.query('insert into t values (1)'))).code).toBe('08P01');
    expect(far.statements()).toContain('INSERT - broken link postgres_cut');
    const again = await near.client();
    await eventually('the row', 5_000, async () => (await again.query('select x from t')).rowCount === 1);
  });

  testReal(
    'while the server cannot be reached sessions are turned away, and later let in',
    async () => {
      const { near, far } = await chain({ server_login_retry: '0.1', min_pool_size: '1' });
      const ask = async (): Promise<string> => {
        const client = await near.client({ connectionTimeoutMillis: 500, query_timeout: 500 });
        return (await client.query('select 1')).rowCount === 1 ? 'answered' : 'nothing';
      };
      const asked = (): Promise<string> => ask().catch(({ code }: { code?: string }) => code ?? 'timed out');
      expect(await asked()).toBe('answered');
      await far.link.disable();
      // Who asks before it has noticed is let wait, and that can be any of the first.
      await eventually('a session to be turned away', 10_000, async () => (await asked()) === '08P01');
      await far.link.enable();
      await eventually('a session to be let in', 10_000, async () => (await asked()) === 'answered');
    },
    30_000,
  );
});

describe('a config that cannot be', () => {
  testReal('a setting that is the environment’s own', async () => {
    await expect(chain({ listen_port: '1' })).rejects.toThrow(
      'links.database.dependency.pgbouncer.settings: listen_port is set by the environment; leave it out',
    );
  });

  testReal('a setting that PgBouncer refuses: its own words', async () => {
    await expect(chain({ pool_mode: 'sometimes' })).rejects.toThrow(/pgbouncer ended .*pool_mode/);
  });
});
