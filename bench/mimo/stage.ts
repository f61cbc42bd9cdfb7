/** What the benches need: Mimo behind its links with everything real, over data worth searching. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { embedded } from '../../harness/environment/embedded.ts';
import { EnvironmentError } from '../../harness/model/errors.ts';
import { clockFrom } from '../../harness/model/time.ts';
import { loadConfig } from '../../harness/scenario/load.ts';
import { newRunId } from '../../harness/scenario/run-id.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const CALL_LIMIT_MS = 10_000;

export interface Stage extends AsyncDisposable {
  /** POSTs JSON to Mimo; returns the answer as it is. @throws EnvironmentError unless it is answered 2xx, live */
  post(route: string, body: object, headers?: Record<string, string>): Promise<string>;
}

/** Brings it up on a database with `triples` triples and as many memories, 10,000 at most. */
export async function stage(triples: number): Promise<Stage> {
  const config = await loadConfig(ROOT);
  const logDir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-bench-'));
  const originNs = process.hrtime.bigint();
  const fill = {
    command: [process.execPath, 'bench/mimo/fill.ts', String(triples)],
    env: { DATABASE_URL: '{{dependency.database.url}}' },
  };
  try {
    const running = await embedded.up({
      config: { ...config, operations: { fill } },
      cwd: ROOT,
      profile: 'production', // its limits are above what a busy machine takes
      mutant: null,
      links: 'embedded',
      hidesNames: false,
      before: ['fill'],
      run: newRunId(),
      seed: 1,
      logDir,
      originNs,
      now: clockFrom(originNs),
      emit: () => {},
    });
    return {
      post: (route, body, headers) => post(running.entryUrl, route, body, headers),
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await rm(logDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(logDir, { recursive: true, force: true });
    throw error;
  }
}

async function post(
  entryUrl: string,
  route: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(new URL(route, entryUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });
  const text = await response.text();
  const servedBy = response.headers.get('served-by') ?? 'live';
  if (!response.ok || servedBy !== 'live')
    throw new EnvironmentError(
      `POST ${route}: ${response.status}, served by ${servedBy}: ${text.slice(0, 200)}`,
    );
  return text;
}
