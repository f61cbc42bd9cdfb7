/** Clears away what embedded runs have left whose rig and host were both killed: processes and their folder. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree, signalTo } from './child.ts';
import { type Healing, isAlive, newHealing } from './healing.ts';
import { runFolders } from './run-folder.ts';

/** A host whose rig has just died is given this long to do it itself, ms. */
const HOST_LIMIT_MS = 4_000;
const POLL_MS = 100;

/** What a parent's number becomes when the parent is gone. */
const INIT_PID = 1;

/** @param run null: of any run whose rig is gone */
export async function healEmbedded(run: string | null): Promise<Healing> {
  const healing = newHealing();
  const { found, lifted, verified, notes, left } = healing;
  for (const { dir, run: id, pid } of await runFolders()) {
    if (run !== null && id !== run) continue;
    if (isAlive(pid)) {
      notes.push(`run ${id} is going on (process ${pid}); Ctrl-C there lifts everything`);
      continue;
    }
    if (await goes(dir)) {
      notes.push(`run ${id} was just being cleared away by its own host`);
      continue;
    }
    const pids = await processesOf(id, dir);
    found.push(`folder ${dir} of run ${id}`, ...pids.map((one) => `process ${one} of run ${id}`));
    for (const one of pids) signalTo(one, 'SIGKILL');
    await rm(dir, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
    const still = await processesOf(id, dir);
    left.push(...still.map((one) => `process ${one} of run ${id} does not go`));
    lifted.push(...pids.filter((one) => !still.includes(one)).map((one) => `process ${one} of run ${id}`));
    if (await isThere(dir)) left.push(`folder ${dir} of run ${id} cannot be removed`);
    else lifted.push(`folder ${dir} of run ${id}`);
  }
  if (left.length === 0)
    verified.push(
      `no process and no folder of ${run === null ? 'a run whose rig is gone' : `run ${run}`} is left`,
    );
  return healing;
}

async function goes(dir: string): Promise<boolean> {
  const deadlineMs = performance.now() + HOST_LIMIT_MS;
  while (await isThere(dir)) {
    if (performance.now() > deadlineMs) return false;
    await delay(POLL_MS);
  }
  return true;
}

async function isThere(dir: string): Promise<boolean> {
  return (await readdir(path.dirname(dir))).includes(path.basename(dir));
}

/**
 * Orphans that say they are of the run, those that work in its folder, and what they have started. Elsewhere
 * than on Linux none can be told.
 */
async function processesOf(run: string, dir: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const roots: number[] = [];
  for (const name of names) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [command = '', environment = '', status = ''] = await Promise.all(
      ['cmdline', 'environ', 'status'].map((file) =>
        readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''),
      ),
    );
    if (/^State:\s+[ZX]/m.test(status)) continue;
    // The variable alone does not do: other workers of the same run may be alive and well.
    const isOrphan = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === INIT_PID;
    const isOfRun = environment.includes(`TRIPCURVE_RUN=${run}\0`) || command.includes(`\0${run}\0`);
    if (command.includes(dir) || environment.includes(dir) || (isOrphan && isOfRun)) roots.push(pid);
  }
  const trees = await Promise.all(roots.map(processTree));
  return [...new Set(trees.flat())];
}
