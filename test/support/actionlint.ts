/** actionlint, built by Go into .tripcurve/go-bin and kept there; where Go is missing, a sentence that says so. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../harness/model/errors.ts';

const VERSION = '1.7.12';
const CACHE_DIR = path.resolve('.tripcurve', 'go-bin');
const BINARY = path.join(CACHE_DIR, `actionlint-${VERSION}`);
/** A cold build takes some 10 s on two cores. */
const BUILD_LIMIT_MS = 300_000;

export interface Actionlint {
  binary: string;
}

export async function findActionlint(): Promise<Actionlint | string> {
  const built = await stat(BINARY).catch(() => null);
  if (built !== null) return { binary: BINARY };
  await mkdir(CACHE_DIR, { recursive: true });
  // Beside the place and then there in one step, so that two who build at once do no harm.
  const building = await mkdtemp(path.join(CACHE_DIR, 'building-'));
  try {
    await promisify(execFile)('go', ['install', `github.com/rhysd/actionlint/cmd/actionlint@v${VERSION}`], {
      env: { ...process.env, GOBIN: building },
      timeout: BUILD_LIMIT_MS,
    });
    await rename(path.join(building, 'actionlint'), BINARY);
    return { binary: BINARY };
  } catch (error) {
    return `actionlint ${VERSION} cannot be built: ${messageOf(error).slice(0, 120)}`;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
