/** The two PostgreSQL servers with pgvector, each for one measurement: started empty, ended with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from './candidate.ts';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Of all its processes, what they share counted once. */
  memoryBytes(): Promise<number>;
  /** Of all its processes that live, so far. */
  cpuMs(): Promise<number>;
}

const START_LIMIT_MS = 30_000;
/** PostgreSQL refuses to run as root; this user owns nothing. */
const NOBODY = 65_534;
const KIB = 1024;
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;
/** Characters of what a server said, for the error. */
const TEXT_KEPT = 4_000;

/** A cluster of the programs in PGVECTOR_BIN, else of those on PATH. */
export async function startPostgres(): Promise<Server> {
  const bin = process.env.PGVECTOR_BIN ?? '';
  const program = (name: string) => (bin === '' ? name : path.join(bin, name));
  const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = await mkdtemp(path.join(tmpdir(), 'pgvector-'));
  await chmod(folder, 0o700);
  if ('uid' in who) await chown(folder, NOBODY, NOBODY);
  try {
    await promisify(execFile)(program('initdb'), ['-D', folder, '-U', 'bench', '-A', 'trust', '-N'], {
      ...who,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Unavailable(`no PostgreSQL with pgvector: ${(error as Error).message.split('\n')[0]}`);
  }
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    jit: 'off',
    shared_buffers: '1GB',
    max_wal_size: '4GB',
    // All others build with one thread.
    max_parallel_maintenance_workers: 0,
    max_parallel_workers_per_gather: 0,
    dynamic_shared_memory_type: 'mmap',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(program('postgres'), ['-D', folder, ...options], {
    ...who,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await said(child, child.stderr, /ready to accept connections/, 'PostgreSQL');
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    memoryBytes: () => memoryOf(child),
    cpuMs: () => cpuOf(child),
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The server of Mimo's tests. */
export async function startPglite(): Promise<Server> {
  const script = path.join(import.meta.dirname, '../../test/support/pgvector-server.ts');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const address = await said(child, child.stdout, /127\.0\.0\.1:\d+/, 'PGlite');
  return {
    url: `postgres://postgres@${address}/postgres`,
    memoryBytes: () => memoryOf(child),
    cpuMs: () => cpuOf(child),
    [Symbol.asyncDispose]: () => end(child, 'SIGTERM'),
  };
}

/** What it said that matches. @throws when it ends or keeps silent. */
async function said(
  child: ChildProcess,
  stream: NodeJS.ReadableStream,
  pattern: RegExp,
  name: string,
): Promise<string> {
  let text = '';
  const found = Promise.withResolvers<string>();
  const fail = (): void => found.reject(new Error(`${name} did not start: ${text.trim()}`));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  child.once('exit', fail);
  child.once('error', fail);
  // Read to the end: a server whose pipe is full or broken stands still.
  stream.on('data', (chunk) => {
    text = `${text}${String(chunk)}`.slice(-TEXT_KEPT);
    const match = pattern.exec(text);
    if (match !== null) found.resolve(match[0]);
  });
  try {
    return await found.promise;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Proportional set size of a process and its children, as Linux counts it. */
async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const rollups = await ofFamily(pid, async (id) => {
    const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * KIB;
  });
  return rollups.reduce((sum, bytes) => sum + bytes, 0);
}

/** User and system time of a process and its children. */
async function cpuOf({ pid }: ChildProcess): Promise<number> {
  const times = await ofFamily(
    pid,
    async (_id, fields) => (Number(fields[13]) + Number(fields[14])) * TICK_MS,
  );
  return times.reduce((sum, ms) => sum + ms, 0);
}

/** `fields` as in proc(5), the name left out of the way. */
async function ofFamily(
  pid: number | undefined,
  read: (id: string, fields: readonly string[]) => Promise<number>,
): Promise<number[]> {
  const found: number[] = [];
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = await readFile(`/proc/${id}/stat`, 'utf8');
      const fields = [id, 'name', ...stat.slice(stat.lastIndexOf(')') + 2).split(' ')];
      if (Number(id) === pid || Number(fields[3]) === pid) found.push(await read(id, fields));
    } catch {} // it has ended meanwhile
  }
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
