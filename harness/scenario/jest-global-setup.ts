/** Names the run and draws its seed once, for all of Jest's workers and its reporter. */
import path from 'node:path';
import { newRunId, newSeed } from './run-id.ts';

export default function setup(): void {
  const cwd = process.cwd();
  process.env.TRIPCURVE_CWD ??= cwd;
  process.env.TRIPCURVE_RUN ??= newRunId();
  process.env.TRIPCURVE_SEED ??= String(newSeed());
  process.env.TRIPCURVE_RUN_DIR ??= path.join(cwd, 'reports', process.env.TRIPCURVE_RUN);
}
