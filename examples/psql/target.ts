/**
 * A target whose client of PostgreSQL is psql: each request runs one, as a cron job or a maintenance script does.
 * psql tells by its exit code how it went: 3 for a statement that failed, 2 for a connection that did.
 */
import { spawn } from 'node:child_process';
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const { DATABASE_URL = '' } = process.env;

/** A note is stored once however often its insert is sent, so a lost answer is no reason to despair. */
const STORE = "insert into notes (key) values (:'key') on conflict do nothing;";
const COUNT = 'select count(*) from notes;';

/** One psql after the other, for a fault that hits some. */
const TRIES_MAX = 4;
const RETRY_MS = 50;
const PSQL_LIMIT_MS = 3_000;

/** PostgreSQL's advice (documentation, "Serialization Failure Handling"): the same again. */
const TO_BE_REPEATED = /\b(40001|40P01)\b/;
const EXIT_SCRIPT_FAILED = 3;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a script in a transaction. psql reads it from stdin, so that `:'key'` is quoted by psql. */
function psql(script: string, key = ''): Promise<Ended> {
  const flags = ['-X', '-A', '-t', '-q', '-1', '-f', '-'];
  const variables = { ON_ERROR_STOP: '1', VERBOSITY: 'verbose', key };
  const settings = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const child = spawn('psql', [...flags, ...settings, DATABASE_URL], { timeout: PSQL_LIMIT_MS });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ended.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ended.stderr += chunk.toString();
  });
  child.stdin.on('error', () => {}); // it may leave before it has read all
  child.stdin.end(script);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}

/** The same, again where that helps: after a conflict, and where nobody knows whether it was done. */
async function persistently(script: string, key: string): Promise<Ended> {
  for (let tries = 1; ; tries++) {
    const ended = await psql(script, key);
    const isOver = ended.code === EXIT_SCRIPT_FAILED && !TO_BE_REPEATED.test(ended.stderr);
    if (ended.code === 0 || isOver || tries === TRIES_MAX) return ended;
    await wait(RETRY_MS);
  }
}

const server = http.createServer(async (request, response) => {
  request.resume();
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://target');
  const key = searchParams.get('key') ?? '';
  try {
    if (pathname === '/ready') {
      response.end();
      return;
    }
    const { code, stdout, stderr } =
      request.method === 'POST' ? await persistently(STORE, key) : await persistently(COUNT, '');
    response.writeHead(code === 0 ? 200 : 503, { 'served-by': 'live' }).end(code === 0 ? stdout : stderr);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

/** Without psql nothing here works; better now than at the first request. */
const probe = spawn('psql', ['--version'], { stdio: 'ignore' });
probe.once('error', () => {
  console.error('psql is not installed (Debian: apt-get install postgresql-client)');
  process.exit(2);
});
probe.once('close', () => {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
  });
});
process.stdin.resume().once('end', () => process.exit(0));
