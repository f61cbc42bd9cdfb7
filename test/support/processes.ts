/** What is alive on this machine that belongs to a run: read from /proc, so tests that use it need Linux. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { runFolders } from '../../harness/environment/run-folder.ts';

/** Pids whose command line or environment holds a text, zombies and ourselves aside. */
export async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const [command, environment, status] = await Promise.all(
      ['cmdline', 'environ', 'status'].map((file) =>
        readFile(`/proc/${name}/${file}`, 'latin1').catch(() => ''),
      ),
    );
    const isZombie = /^State:\s+[ZX]/m.test(status ?? '');
    if (!isZombie && `${command}${environment}`.includes(text)) found.push(Number(name));
  }
  return found;
}

/** TCP ports that these processes listen on. */
export async function listeningPorts(pids: readonly number[]): Promise<number[]> {
  const inodes = new Set<string>();
  for (const pid of pids) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  const LISTEN = '0A';
  const ports = new Set<number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === LISTEN && inodes.has(inode)) ports.add(Number.parseInt(local.split(':')[1] ?? '', 16));
    }
  }
  return [...ports];
}

/** Folders of runs that are there, whose name holds a text. */
export async function runFoldersWith(text: string): Promise<string[]> {
  return (await runFolders()).map(({ dir }) => dir).filter((dir) => path.basename(dir).includes(text));
}

/** Polls until a condition is met. There is no event for "another process has gone". */
export async function eventually(what: string, limitMs: number, met: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!(await met())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
