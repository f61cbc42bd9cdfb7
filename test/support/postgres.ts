/** A real PostgreSQL for tests: an empty prepared cluster, copied for each file that asks. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { killAllChildren } from '../../harness/environment/child.ts';
import {
  copyCluster,
  preparedCluster,
  type RunningPostgres,
  startPostgres,
} from '../../harness/environment/postgres.ts';

/**
 * Starts one; call `stop` when the file is done.
 * @param configure changes the data folder before the start.
 */
export async function testPostgres(
  configure: (dataDir: string) => Promise<void> = async () => {},
): Promise<RunningPostgres & { stop(): Promise<void> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  await chmod(dir, 0o711);
  const owner = { now: () => 0, emit: () => {}, logFile: path.join(dir, 'log') };
  const cwd = process.cwd();
  const cacheDir = path.join(cwd, '.tripcurve', 'postgres');
  const prepared = await preparedCluster(
    { cacheDir, workDir: dir, cwd, prepare: { command: ['true'], env: {} }, preparedBy: [] },
    owner,
  );
  const dataDir = path.join(dir, 'data');
  await copyCluster(prepared, dataDir);
  await configure(dataDir);
  const running = await startPostgres(dataDir, owner);
  // A file whose own clean-up fails must not leave a server behind.
  const kill = (): void => {
    process.kill(running.child.pid, 'SIGKILL');
  };
  process.once('exit', kill);
  return {
    ...running,
    stop: async () => {
      process.removeListener('exit', kill);
      await running.child.stop('SIGQUIT');
      await killAllChildren();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
