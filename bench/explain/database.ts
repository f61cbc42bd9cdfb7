/**
 * A migrated database to fill and throw away: a PostgreSQL of our own, or a database made for the purpose on the
 * server at DATABASE_URL. What is on that server already is not touched.
 */
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import {
  copyCluster,
  postgresUrl,
  preparedCluster,
  startPostgres,
} from '../../harness/environment/postgres.ts';
import { EnvironmentError, messageOf } from '../../harness/model/errors.ts';
import { migrate } from '../../services/mimo/migrate.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_SIGNAL = 130;

export interface Scratch extends AsyncDisposable {
  readonly client: pg.Client;
  /** The server's own name for its version. */
  readonly version: string;
}

/** @throws EnvironmentError where the server cannot be reached, or does not allow a database to be made. */
export async function scratchDatabase(serverUrl: string | undefined): Promise<Scratch> {
  const owned = serverUrl === undefined ? await ownServer() : await databaseOn(serverUrl);
  try {
    await migrate(owned.url, 'up');
    const client = new pg.Client({ connectionString: owned.url });
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );
    return {
      client,
      version: rows[0]?.version ?? 'unknown',
      async [Symbol.asyncDispose]() {
        await client.end();
        await owned.remove();
      },
    };
  } catch (error) {
    await owned.remove();
    throw error;
  }
}

interface Owned {
  readonly url: string;
  remove(): Promise<void>;
}

async function ownServer(): Promise<Owned> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-explain-'));
  // PostgreSQL runs as another user where we are root, and must reach its folder.
  await chmod(dir, 0o711);
  const owner = { now: () => 0, emit: () => {}, logFile: path.join(dir, 'log') };
  const cwd = process.cwd();
  const removeDir = () => rm(dir, { recursive: true, force: true });
  try {
    const cacheDir = path.join(cwd, '.tripcurve', 'postgres');
    const prepare = { command: ['true'], env: {} };
    const prepared = await preparedCluster({ cacheDir, workDir: dir, cwd, prepare, preparedBy: [] }, owner);
    const dataDir = path.join(dir, 'data');
    await copyCluster(prepared, dataDir);
    const { child, port } = await startPostgres(dataDir, owner);
    // However we end, the server does not stay behind.
    const kill = (): void => {
      process.kill(child.pid, 'SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    };
    const leave = (): never => process.exit(EXIT_SIGNAL);
    process.once('exit', kill);
    for (const signal of SIGNALS) process.once(signal, leave);
    return {
      url: postgresUrl({ host: '127.0.0.1', port }),
      async remove() {
        process.removeListener('exit', kill);
        for (const signal of SIGNALS) process.removeListener(signal, leave);
        await child.stop('SIGQUIT');
        await removeDir();
      },
    };
  } catch (error) {
    await removeDir();
    throw error;
  }
}

async function databaseOn(serverUrl: string): Promise<Owned> {
  const name = `mimo_explain_${process.pid}`;
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl });
    // The URL may hold a password, so it is not shown.
    try {
      await client.connect();
      await client.query(sql);
    } catch (error) {
      throw new EnvironmentError(
        `${sql} at DATABASE_URL failed: ${messageOf(error)}; it must be a server on which its user may create databases`,
      );
    } finally {
      await client.end();
    }
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, remove: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}
