/** A running k6 behind its guard: what it prints is kept, and it goes when it is told to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { EnvironmentError } from '../../model/errors.ts';

const GUARD = path.join(import.meta.dirname, 'guard.ts');
const PID_MARK = 'tripcurve-k6-pid=';

/** The guard kills k6 when that has not left after 2 s; should the guard itself not leave, it is killed. */
const LEAVE_MS = 4_000;

/** Lines of output kept for error messages. */
const TAIL_LINES = 10;

export interface K6ProcessOptions {
  file: string;
  args: readonly string[];
  cwd: string;
  /** Both output streams go here. */
  logFile: string;
}

/** A started k6. */
export class K6Process {
  readonly #guard: ChildProcess;
  readonly #tail: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  #k6Pid = 0;
  #isOrphan = false;
  /** Exit code of k6; null: it was killed, or its guard was. */
  readonly exited: Promise<number | null>;

  constructor({ file, args, cwd, logFile }: K6ProcessOptions) {
    // A session of its own: a signal to the terminal's group reaches the rig, and the rig decides.
    this.#guard = spawn(process.execPath, [GUARD, file, ...args], {
      cwd,
      detached: true,
      env: k6Env(),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#guard.stdin?.on('error', () => {}); // a guard that is gone is noticed by its exit
    const log = createWriteStream(logFile);
    for (const stream of [this.#guard.stdout, this.#guard.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => this.#read(line, log));
    }
    this.exited = new Promise((resolve) => {
      this.#guard.once('error', (error) => {
        this.#tail.push(error.message);
        resolve(null);
      });
      this.#guard.once('exit', (code) => {
        this.#isOrphan = code === null; // the guard was killed: it told k6 nothing
        this.#killOrphan();
      });
      this.#guard.once('close', (code) => {
        log.end();
        resolve(code);
      });
    });
  }

  /** The rest of the first line that has `mark` in it, whatever k6's logger puts around it. @throws EnvironmentError when it ends before */
  async prints(mark: string): Promise<string> {
    const printed = new Promise<string>((resolve) => {
      this.#listeners.add((line) => {
        const at = line.indexOf(mark);
        if (at >= 0) resolve(line.slice(at + mark.length));
      });
    });
    const gone = this.exited.then((code) => {
      throw new EnvironmentError(`k6 ended before it began to send (exit code ${code}): ${this.lastWords()}`);
    });
    return await Promise.race([printed, gone]);
  }

  /** The last lines it printed, on one line. */
  lastWords(): string {
    return this.#tail.join(' | ') || 'it printed nothing';
  }

  /** Ends it: politely, so that it writes down what it knows; then not. Settles when it is gone. */
  async stop(): Promise<void> {
    this.#guard.kill('SIGTERM');
    const kill = setTimeout(() => {
      this.#guard.kill('SIGKILL');
    }, LEAVE_MS);
    await this.exited;
    clearTimeout(kill);
  }

  #read(line: string, log: NodeJS.WritableStream): void {
    if (line.startsWith(PID_MARK)) {
      this.#k6Pid = Number(line.slice(PID_MARK.length));
      this.#killOrphan();
      return;
    }
    log.write(`${line}\n`);
    if (line.trim() !== '') this.#tail.push(line.trim());
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    for (const listener of this.#listeners) listener(line);
  }

  #killOrphan(): void {
    if (!this.#isOrphan || this.#k6Pid === 0) return;
    try {
      process.kill(this.#k6Pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/**
 * Our environment, less what would change the script's meaning: k6 takes options from K6_ variables
 * before those of the script. And no proxy: the embedded engine knows of none either.
 */
function k6Env(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(K6_|NODE_OPTIONS$)/.test(name));
  return { ...Object.fromEntries(kept), NO_PROXY: '*', no_proxy: '*' };
}
