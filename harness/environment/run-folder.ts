/** Where the folder of an embedded run is: in memory where there is room, in the system's temp folder elsewhere. */
import { access, constants, readdir, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/**
 * Linux keeps what is here in memory. A run copies a database of 700 files: to here in 50 ms, to a disk in ten times
 * that, for all of which a core is busy.
 */
const IN_MEMORY = '/dev/shm';

/** Several runs at once, of which one loads a large database, take less than this. */
const ROOM_BYTES = 4 * 1024 ** 3;

const PREFIX = 'tripcurve-run-';

/** A folder's name says whose it is; none of the parts but the first holds a dash. */
const NAME = new RegExp(`^${PREFIX}(.+)-(\\d+)-[0-9a-z]+$`);

/** The folder that folders of runs are made in from now on. Who sets TMPDIR has chosen it. */
export async function runRoot(): Promise<string> {
  return process.env.TMPDIR === undefined && (await hasRoom(IN_MEMORY)) ? IN_MEMORY : os.tmpdir();
}

/** A new run's folder, not made yet. @param tag lowercase letters and digits, another one for each environment of a run */
export async function runFolder(run: string, tag: string): Promise<string> {
  return path.join(await runRoot(), `${PREFIX}${run}-${process.pid}-${tag}`);
}

/** Folders of runs that are there, whoever made them: `pid` is the rig's. */
export async function runFolders(): Promise<{ dir: string; run: string; pid: number }[]> {
  const found = await Promise.all(
    [...new Set([IN_MEMORY, os.tmpdir()])].map(async (root) => {
      const names = await readdir(root).catch(() => []);
      return names.flatMap((name) => {
        const [, run, pid] = NAME.exec(name) ?? [];
        return run === undefined ? [] : [{ dir: path.join(root, name), run, pid: Number(pid) }];
      });
    }),
  );
  return found.flat();
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(folder);
    return Math.min(bavail * bsize, process.availableMemory()) >= ROOM_BYTES;
  } catch {
    return false; // there is none on this system
  }
}
