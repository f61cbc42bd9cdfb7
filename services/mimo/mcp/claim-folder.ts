/**
 * A state folder for each Mimo that an MCP client starts: clients share a configuration, and so would their processes
 * a write queue, of which each would clear away what the other has promised. The first free one is taken, so that
 * what a process left behind is work for the next. Held by a lock of the system, which goes with the process.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

/** More than a person runs at once. */
const FOLDERS_MAX = 64;
/** SQLite's result code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/** A folder below `directory`, ours until this process ends. @throws when all are taken, or none can be made. */
export async function claimFolder(directory: string): Promise<string> {
  const { DatabaseSync } = await import('node:sqlite');

  function lock(folder: string): boolean {
    const file = new DatabaseSync(path.join(folder, 'lock'), { timeout: 0 });
    try {
      file.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      file.close();
      if (Object(error).errcode === SQLITE_BUSY) return false;
      throw error;
    }
    held.push(file);
    return true;
  }

  for (let n = 1; n <= FOLDERS_MAX; n += 1) {
    const folder = path.join(directory, `client-${n}`);
    await mkdir(folder, { recursive: true });
    if (lock(folder)) return folder;
  }
  throw new Error(`${directory}: all ${FOLDERS_MAX} folders are in use by other processes of Mimo`);
}

/** Kept, so that the locks are: an object that is collected would close its file. */
const held: unknown[] = [];
