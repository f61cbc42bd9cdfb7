/** The rig's end of the pipe that it shares with a watcher. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { DONE } from './watcher.ts';

const WATCHER = path.join(import.meta.dirname, 'watcher.ts');

export class Watch {
  readonly #process: ChildProcess;

  /** From now on, whatever carries this environment's id goes when this process does. */
  constructor(environment: string) {
    this.#process = spawn(process.execPath, [WATCHER, environment], {
      detached: true, // it must outlive us, also where a terminal ends a whole group
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#process.on('error', () => {});
    this.#process.stdin?.on('error', () => {});
  }

  /** Sends it home: everything has been removed. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.pid === undefined) return;
    const exited = once(this.#process, 'exit');
    this.#process.stdin?.end(DONE);
    await exited;
  }

  /** Leaves the rest to it, as if this process were gone. */
  abandon(): void {
    this.#process.stdin?.end();
    this.#process.unref();
  }
}
