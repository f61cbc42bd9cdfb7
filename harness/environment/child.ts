/**
 * A child process with an owner: it is told apart in the history, its output is kept, and it goes
 * when its owner says so, politely first. It knows nothing of what it runs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../model/deadline.ts';
import { EnvironmentError } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import type { Clock } from '../model/time.ts';

/** How long a process may take to leave after SIGTERM before it is killed. */
const LEAVE_MS = 1_500;

/** A process that leaves when its input closes hears of it within this time, unless the machine is busy. */
const HEEDS_INPUT_MS = 30;

/** Lines of output kept for error messages. */
const TAIL_LINES = 15;

export interface ChildOptions {
  name: string;
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** Both output streams go here. */
  logFile: string;
  /** True: it is expected to end by itself, with code 0. */
  endsByItself?: boolean;
  /** To run as another user than root, as PostgreSQL insists. */
  user?: { uid: number; gid: number } | undefined;
  now: Clock;
  emit(event: Unnumbered<HistoryEvent>): void;
}

/** Every child that has not ended; see {@link killAllChildren}. */
const living = new Set<Child>();

/** Kills every child at once, without ceremony: for a process that is about to go itself. */
export async function killAllChildren(): Promise<void> {
  await Promise.all([...living].map((child) => child.stop('SIGKILL')));
}

/** Runs a command to its end. @throws EnvironmentError with its last words unless it exits with 0 in time. */
export async function runToEnd(options: ChildOptions, limitMs: number): Promise<void> {
  await endOf(new Child({ ...options, endsByItself: true }), options.name, limitMs);
}

/** Waits for a started command to end; returns its last words. @throws as {@link runToEnd} */
export async function endOf(child: Child, name: string, limitMs: number): Promise<string> {
  try {
    const code = await within(limitMs, `${name} to end`, child.exited);
    if (code !== 0) throw new EnvironmentError(`${name} failed (code ${code}): ${child.lastWords()}`);
    return child.lastWords();
  } finally {
    await child.stop('SIGKILL');
  }
}

/** A started process. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #options: ChildOptions;
  readonly #tail: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly exited: Promise<number | null>;
  #stopping = false;

  constructor(options: ChildOptions) {
    const [file, ...args] = options.command;
    if (file === undefined) throw new EnvironmentError(`${options.name}: the command is empty`);
    this.#options = options;
    this.name = options.name;
    this.#process = spawn(file, args, {
      cwd: options.cwd,
      env: childEnv(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.user ?? {}),
    });
    this.pid = this.#process.pid ?? 0;
    const log = createWriteStream(options.logFile, { flags: 'a' });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        this.#tail.push(line);
        if (this.#tail.length > TAIL_LINES) this.#tail.shift();
        for (const listener of this.#listeners) listener(line);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#tail.push(error.message);
        living.delete(this);
        resolve(null);
      });
      this.#process.once('close', (code, signal) => {
        log.end();
        living.delete(this);
        this.#emit('exited', code, signal);
        resolve(code);
      });
    });
    this.#process.stdin?.on('error', () => {}); // it may leave before it reads
    living.add(this);
    this.#emit('started', null, null);
  }

  /**
   * Waits for the first line of output that `find` makes something of.
   * @throws EnvironmentError with the last lines it printed when it exits or takes too long.
   */
  async announces<T>(what: string, limitMs: number, find: (line: string) => T | undefined): Promise<T> {
    let listener: ((line: string) => void) | undefined;
    const found = new Promise<T>((resolve) => {
      listener = (line) => {
        const value = find(line);
        if (value !== undefined) resolve(value);
      };
      for (const line of this.#tail) listener(line);
      this.#listeners.add(listener);
    });
    const gone = this.exited.then((code) => {
      throw new EnvironmentError(`${this.name} ended (code ${code}) before ${what}: ${this.lastWords()}`);
    });
    try {
      const value = await within(limitMs, `${this.name}: ${what}`, Promise.race([found, gone]));
      this.#emit('ready', null, null);
      return value;
    } finally {
      if (listener !== undefined) this.#listeners.delete(listener);
    }
  }

  /** The last lines it printed, on one line. */
  lastWords(): string {
    return this.#tail.join(' | ') || 'it printed nothing';
  }

  /** Stops it and the processes it has started (SIGSTOP): they are there, and do nothing. */
  async pause(): Promise<void> {
    this.#paused = await processTree(this.pid);
    for (const pid of this.#paused) signalTo(pid, 'SIGSTOP');
  }

  /** Lets it go on after {@link pause}. */
  async resume(): Promise<void> {
    for (const pid of this.#paused) signalTo(pid, 'SIGCONT');
    this.#paused = [];
  }

  #paused: number[] = [];

  /** Closes its input, which asks it to end by itself. */
  endInput(): void {
    this.#stopping = true;
    this.#process.stdin?.end();
  }

  /** Ends it: `signal` first, SIGKILL when it has not left in time. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', leaveMs = LEAVE_MS): Promise<void> {
    await this.#end(signal, leaveMs, 0);
  }

  /**
   * Ends it as {@link stop} does when nobody will ask anything of it any more: its input is closed a moment before,
   * so that one that heeds that need not serve on for callers who have not heard that it leaves.
   */
  async dismiss(): Promise<void> {
    await this.#end('SIGTERM', LEAVE_MS, HEEDS_INPUT_MS);
  }

  async #end(signal: NodeJS.Signals, leaveMs: number, heedsInputMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null || this.pid === 0) return;
    // A shell, npm or go run leaves the real service behind when it goes; and that one holds our pipes.
    const descendants = (await processTree(this.pid)).slice(1);
    this.#process.once('exit', () => {
      for (const pid of descendants) signalTo(pid, 'SIGKILL');
    });
    if (heedsInputMs > 0) {
      this.endInput();
      await Promise.race([this.exited, delay(heedsInputMs, undefined, { ref: false })]);
    }
    this.#process.kill(signal);
    await this.resume(); // one that is stopped heeds only SIGKILL, and its children not even hear of it
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), leaveMs);
    await this.exited;
    clearTimeout(kill);
  }

  #emit(what: 'started' | 'ready' | 'exited', code: number | null, signal: string | null): void {
    const { name, now, emit, endsByItself = false } = this.#options;
    const expected = what !== 'exited' || this.#stopping || (endsByItself && code === 0);
    emit({ kind: 'process', t: now(), name, what, pid: this.pid, code, signal, expected });
  }
}

/** A process and all that descend from it, as far as this system tells (Linux); it alone elsewhere. */
export async function processTree(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = children.split(' ').filter((text) => text.trim() !== '');
  return [pid, ...(await Promise.all(pids.map((text) => processTree(Number(text))))).flat()];
}

/** Sends a signal to a process that may have ended meanwhile. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

/**
 * The environment of a child: ours, less what steers our own Node (a test runner's flags would be
 * obeyed by every child that is a Node program), plus what it is given.
 */
export function childEnv(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _ours, ...rest } = process.env;
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...rest, ...given };
}

/** Children that are Node programs keep their compiled code here: a third less time to start. */
const COMPILE_CACHE = path.resolve('.tripcurve', 'compile-cache');
