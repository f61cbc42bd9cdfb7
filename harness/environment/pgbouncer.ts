/**
 * A real PgBouncer for one run, before a PostgreSQL of ours or of anybody: found on this machine, given a config in
 * the run's folder, and run as another user than root, as it insists.
 */
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Address } from '../link/address.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { Child, type ChildOptions } from './child.ts';
import { freePort } from './free-port.ts';
import { PORT_TRIES, POSTGRES_ROLE, runUser } from './postgres.ts';

/** Variable that names the binary, for those that are not on PATH. */
export const PGBOUNCER_VARIABLE = 'PGBOUNCER';

const READY_LIMIT_MS = 15_000;

/** Where systems keep what only root calls; not on everybody's PATH. */
const ROOT_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** @throws EnvironmentError that says how to get it. */
export async function findPgbouncer(): Promise<string> {
  const told = process.env[PGBOUNCER_VARIABLE];
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...ROOT_FOLDERS];
  const candidates = told === undefined ? folders.map((folder) => path.join(folder, 'pgbouncer')) : [told];
  for (const file of candidates) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path.resolve(file);
  }
  throw new EnvironmentError(
    told === undefined
      ? `PgBouncer is not installed (Debian: apt-get install pgbouncer; or set ${PGBOUNCER_VARIABLE} to a binary)`
      : `${PGBOUNCER_VARIABLE}=${told}: no program there`,
  );
}

/** What to start it with. */
export interface PgbouncerOptions {
  name: string;
  /** Its folder, inside the run's: made here. */
  dir: string;
  /** Where it finds PostgreSQL. */
  server: Address;
  settings: Readonly<Record<string, string>>;
}

/**
 * What is ours to say: an address on loopback, no socket file, no file of its process id, and whoever comes is let
 * in and becomes the cluster's one role.
 */
const OURS = { listen_addr: '127.0.0.1', unix_socket_dir: '', auth_type: 'any' };
const NOT_TO_BE_SET = [...Object.keys(OURS), 'listen_port', 'logfile', 'pidfile', 'user'];

/**
 * Starts one on a port of its own.
 * @throws UsageError for a setting that is ours, EnvironmentError with its last words where it does not come up.
 */
export async function startPgbouncer(
  { name, dir, server, settings }: PgbouncerOptions,
  owner: Omit<ChildOptions, 'name' | 'command' | 'cwd' | 'user' | 'endsByItself'>,
): Promise<{ child: Child; address: Address }> {
  const taken = Object.keys(settings).find((key) => NOT_TO_BE_SET.includes(key));
  if (taken !== undefined)
    throw new UsageError(
      `links.${name}.dependency.pgbouncer.settings: ${taken} is set by the environment; leave it out`,
    );
  const [program, user] = await Promise.all([findPgbouncer(), runUser()]);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const file = path.join(dir, 'pgbouncer.ini');
  for (let attempt = 1; ; attempt++) {
    const address = { host: OURS.listen_addr, port: await freePort() };
    const lines = Object.entries({ ...settings, ...OURS, listen_port: address.port });
    await writeFile(
      file,
      [
        '[databases]',
        `* = host=${server.host} port=${server.port} user=${POSTGRES_ROLE}`,
        '[pgbouncer]',
        ...lines.map(([key, value]) => `${key} = ${value}`),
        '',
      ].join('\n'),
    );
    const child = new Child({ ...owner, name: 'pgbouncer', command: [program, file], cwd: dir, user });
    try {
      await child.announces('accepting connections', READY_LIMIT_MS, (line) =>
        line.includes('process up: PgBouncer') ? true : undefined,
      );
      return { child, address };
    } catch (error) {
      await child.stop('SIGKILL');
      if (attempt === PORT_TRIES || !messageOf(error).includes('Address already in use')) throw error;
    }
  }
}
