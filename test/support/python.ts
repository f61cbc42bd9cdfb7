/** A Python package from PyPI for tests, installed once into .tripcurve/pip. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../harness/model/errors.ts';

const CACHE_DIR = path.resolve('.tripcurve', 'pip');
const INSTALL_LIMIT_MS = 120_000;

/** Runs a Python script with a package at hand; its stdout. */
export type Python = (script: string, ...args: string[]) => Promise<string>;

/** The version of python3, or a sentence that says why there is none. */
export async function pythonVersion(): Promise<{ version: string } | string> {
  try {
    return { version: (await promisify(execFile)('python3', ['--version'])).stdout.trim() };
  } catch (error) {
    return `python3 cannot be run (Debian: apt-get install python3): ${messageOf(error)}`;
  }
}

/** @param requirement such as `toxiproxy-python==0.1.1`; a sentence comes back where it cannot be had */
export async function pythonWith(requirement: string): Promise<Python | string> {
  const dir = path.join(CACHE_DIR, requirement);
  try {
    if ((await stat(dir).catch(() => null)) === null) await install(requirement, dir);
  } catch (error) {
    return `${requirement} cannot be installed: ${messageOf(error).slice(0, 120)}`;
  }
  const env = { ...process.env, PYTHONPATH: dir, PYTHONDONTWRITEBYTECODE: '1' };
  return async (script, ...args) => {
    const { stdout } = await promisify(execFile)('python3', [script, ...args], { env, timeout: 30_000 });
    return stdout;
  };
}

/** Installs beside the place and moves it there in one step, so that workers who do so at once do no harm. */
async function install(requirement: string, dir: string): Promise<void> {
  await mkdir(CACHE_DIR, { recursive: true });
  const installing = await mkdtemp(path.join(CACHE_DIR, 'installing-'));
  try {
    await promisify(execFile)(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--target', installing, requirement],
      {
        timeout: INSTALL_LIMIT_MS,
      },
    );
    await rename(installing, dir).catch(async (error: unknown) => {
      if ((await stat(dir).catch(() => null)) === null) throw error; // another worker was first
    });
  } finally {
    await rm(installing, { recursive: true, force: true });
  }
}
