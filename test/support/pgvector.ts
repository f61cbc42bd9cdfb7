/** A PostgreSQL with pgvector for tests, wherever npm runs. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { within } from '../../harness/model/deadline.ts';

const START_LIMIT_MS = 30_000;

export interface PgvectorServer extends AsyncDisposable {
  readonly url: string;
}

export async function pgvectorServer(): Promise<PgvectorServer> {
  const child = spawn(process.execPath, ['test/support/pgvector-server.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server with pgvector ended with code ${code}`)));
  });
  ended.catch(() => {});
  const line = new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
  const address = await within(START_LIMIT_MS, 'PostgreSQL with pgvector', Promise.race([line, ended]));
  return {
    url: `postgres://postgres@${address}/postgres`,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
