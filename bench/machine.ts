/** What the numbers of a bench depend on beside the code: facts of the machine, for whoever compares. */
import { execFile } from 'node:child_process';
import os from 'node:os';
import { promisify } from 'node:util';

export interface Machine {
  cpu: string;
  cpus: number;
  memoryBytes: number;
  node: string;
  system: string;
  /** Load of the last minute when the bench began: what else the machine had to do. */
  loadAverage: number;
  /** Commit that was measured; null outside a repository. `+` at its end: with changes. */
  commit: string | null;
}

export async function machineFacts(): Promise<Machine> {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    loadAverage: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
    commit: await commit(),
  };
}

async function commit(): Promise<string | null> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: import.meta.dirname })).stdout.trim();
  try {
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return `${await git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return null;
  }
}
