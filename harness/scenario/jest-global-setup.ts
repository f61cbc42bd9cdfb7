/** Names the run, draws its seed and opens its turns once, for all of Jest's workers and its reporter. */
import path from 'node:path';
import { newRunId, newSeed } from './run-id.ts';
import { serveTurns } from './shared-turns.ts';
import { LocalTurns } from './turns.ts';

export default async function setup(): Promise<void> {
  const cwd = process.cwd();
  process.env.TRIPCURVE_CWD ??= cwd;
  process.env.TRIPCURVE_RUN ??= newRunId();
  process.env.TRIPCURVE_SEED ??= String(newSeed());
  process.env.TRIPCURVE_RUN_DIR ??= path.join(cwd, 'reports', process.env.TRIPCURVE_RUN);
  process.env.TRIPCURVE_TURNS = String(await serveTurns(new LocalTurns()));
}
