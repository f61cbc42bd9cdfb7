/** What a link can only pass on: TLS, SCRAM, cancel requests; against a real server that asks for them. */
import { execFile } from 'node:child_process';
import { appendFile, chown, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { testPostgres } from '../../support/postgres.ts';
import { at, failure, type PostgresLink, startPostgresLink } from '../../support/postgres-link.ts';
import { HELLO, startup } from '../../support/postgres-wire.ts';
import { Cleanup, connect } from '../../support/sockets.ts';

const cleanup = new Cleanup();
let server: Awaited<ReturnType<typeof testPostgres>>;
let link: PostgresLink;

/** A server with a certificate of its own making, and a role that must prove its password. */
async function configure(dataDir: string): Promise<void> {
  const [key, certificate] = ['server.key', 'server.crt'].map((file) => path.join(dataDir, file));
  if (key === undefined || certificate === undefined) throw new Error('two files were named');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-keyout', key, '-out', certificate],
  ]);
  const { uid, gid } = await stat(dataDir);
  for (const file of [key, certificate]) await chown(file, uid, gid);
  await appendFile(path.join(dataDir, 'postgresql.conf'), 'ssl = on\n');
  const rules = path.join(dataDir, 'pg_hba.conf');
  await writeFile(rules, `host all careful 127.0.0.1/32 scram-sha-256\n${await readFile(rules, 'utf8')}`);
}

beforeAll(async () => {
  server = await testPostgres(configure);
  const truth = new pg.Client(at(server.port));
  await truth.connect();
  await truth.query("create role careful login password 'correct horse'");
  await truth.end();
}, 60_000);
beforeEach(async () => {
  link = await startPostgresLink(cleanup, server.port);
});
afterEach(() => cleanup.run());
afterAll(() => server.stop());

const notes = (): string[] => link.of('note').map(({ text }) => text);

test('TLS passes untouched under faults that match everything, and the link says once that it sees nothing', async () => {
  link.arm({ type: 'postgres_refuse' });
  link.arm({ type: 'postgres_error', attributes: { sqlstate: '40001' } });
  for (const x of [1, 2]) {
    const client = await link.client({ ssl: { rejectUnauthorized: false } });
    expect(
      (await client.query('select ssl, $1::int as x from pg_stat_ssl where pid = pg_backend_pid()', [x]))
        .rows,
    ).toEqual([{ ssl: true, x }]);
  }
  expect(link.statements()).toEqual([]);
  expect(notes()).toEqual([
    'link llm, connection 1: the stream is encrypted, so faults above TCP cannot act here; passing bytes unread from here',
  ]);
});

test('TLS that begins unasked is known too', async () => {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: link.port,
    ALPNProtocols: ['postgresql'],
    rejectUnauthorized: false,
  });
  cleanup.add(() => socket.destroy());
  link.arm({ type: 'postgres_refuse' });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.write(HELLO);
  const [first] = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(String.fromCharCode(first ?? 0)).toBe('R');
  expect(notes()).toHaveLength(1);
});

test('sessions within TLS take up room among the others', async () => {
  link.arm({ type: 'postgres_sessions', attributes: { max: 1 } });
  const encrypted = await link.client({ ssl: { rejectUnauthorized: false } });
  expect((await failure(link.client())).code).toBe('53300');
  await encrypted.end();
  await link.client();
});

test('where the server declines encryption, faults act on what follows in the clear', async () => {
  const client = await connect(cleanup, link.port);
  link.arm({ type: 'postgres_refuse' });
  const GSSENC_REQUEST = 80_877_104; // our build has no Kerberos
  client.socket.write(startup(GSSENC_REQUEST));
  expect((await client.got(1)).toString()).toBe('N');
  client.socket.write(HELLO);
  expect(await client.ended).toBe('fin');
  expect(client.received().toString()).toContain('C53300');
});

test('SCRAM passes under armed faults, and the right password is still told from a wrong one', async () => {
  link.arm({
    type: 'postgres_error',
    attributes: { sqlstate: '40001' },
    match: { statement: 'never there' },
  });
  const client = await link.client({ user: 'careful', password: 'correct horse' });
  expect((await client.query('select current_user as me')).rows).toEqual([{ me: 'careful' }]);
  expect((await failure(link.client({ user: 'careful', password: 'wrong' }))).code).toBe('28P01');
  expect(await link.sawStatements(2)).toEqual([
    'SELECT SELECT 1 completed dependency',
    'STARTUP 28P01 failed dependency',
  ]);
  expect(JSON.stringify(link.events)).not.toMatch(/horse/);
});

test('a cancel request passes, and is no session', async () => {
  const client = await link.client();
  const fault = link.arm({ type: 'postgres_refuse' });
  link.arm({ type: 'postgres_sessions', attributes: { max: 0 } });
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const slept = failure(client.query('select pg_sleep(30)'));
  const CANCEL_REQUEST = 80_877_102;
  const body = Buffer.alloc(8);
  body.writeInt32BE(processID, 0);
  body.writeInt32BE(secretKey, 4);
  // A request that comes before the statement has begun is void: it is repeated until it is not.
  let done = false;
  const cancelling = (async () => {
    while (!done) {
      const cancel = await connect(cleanup, link.port);
      cancel.socket.end(startup(CANCEL_REQUEST, body));
      await cancel.ended;
    }
  })();
  expect((await slept).code).toBe('57014');
  done = true;
  await cancelling;
  expect(fault.chooser.hits).toBe(0);
  expect(await link.sawStatements(1)).toEqual(['SELECT 57014 failed dependency']);
});
