/** Runs wrk, the load generator, and reads what it measured. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, messageOf } from '../harness/model/errors.ts';

const run = promisify(execFile);
const REPORT_SCRIPT = path.join(import.meta.dirname, 'wrk-report.lua');
/** wrk ends by itself; if it hangs, it is ended so much later. */
const GRACE_MS = 10_000;

export interface Load {
  requests: number;
  requestsPerS: number;
}

/** @throws EnvironmentError with advice where wrk is missing */
export async function requireWrk(): Promise<void> {
  try {
    await run('wrk', ['-v']);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new EnvironmentError(
        'wrk is not installed; it makes the load: apt-get install wrk, or brew install wrk',
      );
    // wrk -v prints its version and exits with 1.
  }
}

/** Requests over so many connections, as fast as they are answered. @throws when any request failed */
export async function load(port: number, connections: number, durationS: number): Promise<Load> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${durationS}s`,
    '-s',
    REPORT_SCRIPT,
    `http://127.0.0.1:${port}/`,
  ];
  const { stdout } = await run('wrk', args, { timeout: durationS * 1000 + GRACE_MS }).catch(
    (error: unknown) => {
      throw new EnvironmentError(`wrk ${args.join(' ')}: ${messageOf(error)}`);
    },
  );
  const measured = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    requests: number;
    durationUs: number;
    errors: number;
  };
  if (measured.errors > 0 || measured.requests === 0)
    throw new EnvironmentError(
      `wrk ${args.join(' ')}: ${measured.errors} of ${measured.requests} requests failed`,
    );
  return {
    requests: measured.requests,
    requestsPerS: measured.requests / (measured.durationUs / 1e6),
  };
}
