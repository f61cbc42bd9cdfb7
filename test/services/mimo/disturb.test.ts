/** The disturbances of Mimo's database, on a real PostgreSQL: in place, felt by others, and undone without a trace. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { Disturbances } from '../../../harness/environment/disturbance.ts';
import { postgresUrl } from '../../../harness/environment/postgres.ts';
import { testPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
let postgres: Awaited<ReturnType<typeof testPostgres>>;
let url: string;

beforeAll(async () => {
  postgres = await testPostgres();
  url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
  const client = await mimo();
  await client.query('CREATE TABLE engrams (id int)');
}, 60_000);
afterEach(() => cleanup.run());
afterAll(() => postgres.stop());

/** A session as Mimo's driver has it. */
async function mimo(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'mimo' });
  client.on('error', () => {});
  await client.connect();
  cleanup.add(() => client.end().catch(() => {}));
  return client;
}

async function disturbances(): Promise<Disturbances> {
  const logDir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(logDir, { recursive: true, force: true }));
  const names = ['lock-writes', 'lock-all', 'read-only', 'end-idle', 'take-sessions'];
  const config = {
    disturbances: Object.fromEntries(
      names.map((name) => [
        name,
        { command: [process.execPath, 'services/mimo/disturb.ts', name], env: { DATABASE_URL: '{{url}}' } },
      ]),
    ),
  };
  const options = { config, logDir, env: {}, cwd: process.cwd(), values: () => ({ url }) };
  const all = new Disturbances({ ...options, now: () => 0, emit: () => {} });
  cleanup.add(() => all.endAll());
  return all;
}

/** The SQLSTATE a statement fails with; null: it does not. */
const stateOf = (client: pg.Client, sql: string): Promise<string | null | undefined> =>
  client.query(sql).then(
    () => null,
    (error: { code?: string }) => error.code,
  );

describe('disturbances of the database', () => {
  test.each([
    ['lock-writes', null],
    ['lock-all', '55P03'],
  ])('%s keeps writers waiting, and readers where it says so', async (name, reading) => {
    const client = await mimo();
    await client.query("SET lock_timeout = '150ms'");
    const all = await disturbances();
    await all.begin('f0', name);
    expect(await stateOf(client, 'INSERT INTO engrams VALUES (1)')).toBe('55P03');
    expect(await stateOf(client, 'SELECT * FROM engrams')).toBe(reading);
    await all.end('f0');
    expect(await stateOf(client, 'INSERT INTO engrams VALUES (1)')).toBe(null);
  });

  test('read-only refuses writes of old and new sessions, and leaves no setting behind', async () => {
    const old = await mimo();
    const all = await disturbances();
    await all.begin('f0', 'read-only');
    for (const client of [old, await mimo()]) {
      expect(await stateOf(client, 'INSERT INTO engrams VALUES (2)')).toBe('25006');
      expect(await stateOf(client, 'SELECT * FROM engrams')).toBe(null);
    }
    await all.end('f0');
    expect(await stateOf(await mimo(), 'INSERT INTO engrams VALUES (2)')).toBe(null);
    const { rows } = await old.query("SELECT * FROM pg_file_settings WHERE name LIKE 'default_trans%'");
    expect(rows).toEqual([]);
  });

  test('end-idle ends what is idle of Mimo, and nothing else', async () => {
    const idle = await mimo();
    const ended = new Promise((resolve) => idle.once('end', resolve));
    const neighbour = new pg.Client({ connectionString: url, application_name: 'neighbour' });
    await neighbour.connect();
    cleanup.add(() => neighbour.end());
    const all = await disturbances();
    await all.begin('f0', 'end-idle');
    await ended;
    expect(await stateOf(neighbour, 'SELECT 1')).toBe(null);
    await all.end('f0');
  });

  test('take-sessions leaves no place, and gives all back', async () => {
    const all = await disturbances();
    await all.begin('f0', 'take-sessions');
    await expect(mimo()).rejects.toMatchObject({ code: '53300' });
    await all.end('f0');
    await eventually('a place', 5_000, async () => (await mimo().catch(() => null)) !== null);
  }, 20_000);
});
