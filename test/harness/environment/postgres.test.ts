/** The PostgreSQL of the embedded environment: what scenarios do to it must cost only what they are about. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { startPostgres } from '../../../harness/environment/postgres.ts';
import { testPostgres } from '../../support/postgres.ts';
import { at } from '../../support/postgres-link.ts';

let server: Awaited<ReturnType<typeof testPostgres>>;
let dataDir = '';

beforeAll(async () => {
  server = await testPostgres(async (dir) => {
    dataDir = dir;
  });
}, 60_000);
afterAll(() => server.stop());

test('a commit that was acknowledged survives a SIGKILL that follows at once', async () => {
  const client = new pg.Client(at(server.port));
  client.on('error', () => {});
  await client.connect();
  await client.query('create table t (x int)');
  const rowCount = 200;
  for (let x = 0; x < rowCount; x++) await client.query('insert into t values ($1)', [x]);
  await server.child.stop('SIGKILL');
  const again = await startPostgres(dataDir, { now: () => 0, emit: () => {}, logFile: `${dataDir}/log` });
  try {
    const reader = new pg.Client(at(again.port));
    await reader.connect();
    const { rows } = await reader.query<{ count: string }>('select count(*) from t');
    await reader.end();
    expect(Number(rows[0]?.count)).toBe(rowCount);
  } finally {
    await again.child.stop('SIGQUIT');
  }
}, 60_000);
