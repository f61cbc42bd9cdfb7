/** A real psql for tests: Debian's postgresql-client, or whichever is on PATH. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { POSTGRES_DATABASE, POSTGRES_ROLE } from '../../harness/environment/postgres.ts';
import { within } from '../../harness/model/deadline.ts';
import { messageOf } from '../../harness/model/errors.ts';

const RUN_LIMIT_MS = 20_000;

/** What a psql that has ended left behind. */
export interface PsqlRun {
  /** 0; 2 where the connection went bad; 3 where a script stopped at an error (man psql, EXIT STATUS). */
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** Its version line, or a sentence that says why there is none. */
export async function psqlVersion(): Promise<{ version: string } | string> {
  try {
    return { version: (await promisify(execFile)('psql', ['--version'])).stdout.trim() };
  } catch (error) {
    return `psql cannot be run (Debian: apt-get install postgresql-client): ${messageOf(error)}`;
  }
}

/** Runs a script as a person would who pipes a file into psql; it stops at the first error and shows SQLSTATEs. */
export async function psql(port: number, script: string, params = 'sslmode=disable'): Promise<PsqlRun> {
  const url = `postgres://${POSTGRES_ROLE}@127.0.0.1:${port}/${POSTGRES_DATABASE}?${params}`;
  const options = ['-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose'];
  const child = spawn('psql', [...options, url], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => {}); // it may leave before it has read all
  child.stdin.end(script);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    return { code: await within(RUN_LIMIT_MS, 'psql to end', ended), stdout: Buffer.concat(stdout), stderr };
  } finally {
    process.removeListener('exit', kill);
    kill();
  }
}
