/** Executables that stand in for the k6 binary. None of them is k6. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Cleanup } from '../sockets.ts';

/** An executable that runs scripts under the double of k6's modules. */
export function k6Double(cleanup: Cleanup): Promise<string> {
  const double = path.join(import.meta.dirname, 'k6.ts');
  return shellScript(cleanup, `exec "${process.execPath}" "${double}" "$@"`);
}

/** An executable that answers `version` as k6 does, and to `run` does what the shell is told. */
export function k6That(
  cleanup: Cleanup,
  run: string,
  version = 'k6 v99.0.0 (a test double, not k6)',
): Promise<string> {
  return shellScript(cleanup, `if [ "$1" = version ]; then echo "${version}"; exit 0; fi\n${run}`);
}

async function shellScript(cleanup: Cleanup, text: string): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-k6-double-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'k6');
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}
