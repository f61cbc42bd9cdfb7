/** The rig's end of the pipe to its guardian. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { within } from '../model/deadline.ts';
import { EnvironmentError } from '../model/errors.ts';
import { childEnv } from './child.ts';
import { FromGuardian, HERE_EVERY_MS, type ToGuardian } from './guard-messages.ts';
import { type Begin, type Entry, journalFile, removeJournal, writeEntry } from './journal.ts';

const GUARDIAN = path.join(import.meta.dirname, 'guardian.ts');

/** A process on a busy machine takes a second or two to start. */
const START_LIMIT_MS = 15_000;
const ANSWER_LIMIT_MS = 5_000;
const GO_LIMIT_MS = 5_000;

export class Guard {
  readonly #process: ChildProcess;
  readonly #file: string;
  readonly #here: NodeJS.Timeout;
  readonly #waiting = new Map<number, () => void>();
  readonly #exited: Promise<void>;
  #entryCount = 0;
  #isLettingGo = false;
  #isLost = false;
  /** Settles when the guardian has ended, or lifted everything, though the run is not over. */
  readonly lost: Promise<string>;

  private constructor(cwd: string, run: string, logDir: string) {
    this.#file = journalFile(cwd, run);
    mkdirSync(logDir, { recursive: true });
    const log = openSync(path.join(logDir, 'guardian.log'), 'a');
    // A session of its own: what ends the rig must not end it.
    this.#process = spawn(process.execPath, [GUARDIAN, run, cwd], {
      detached: true,
      stdio: ['pipe', 'pipe', log],
      env: childEnv({}),
      cwd,
    });
    closeSync(log);
    this.#process.stdin?.on('error', () => {}); // one that is gone is noticed by its exit
    this.#exited = new Promise((resolve) => this.#process.once('close', () => resolve()));
    this.#here = setInterval(() => this.#say({ say: 'here' }), HERE_EVERY_MS);
    this.lost = new Promise((resolve) => {
      const lose = (why: string): void => {
        if (this.#isLettingGo) return;
        this.#isLost = true;
        resolve(why);
      };
      this.#process.once('error', ({ message }) => lose(`the guardian could not be started: ${message}`));
      void this.#exited.then(() => lose('the guardian of this run ended'));
      if (this.#process.stdout === null) return;
      createInterface({ input: this.#process.stdout }).on('line', (line) => {
        const message = FromGuardian.parse(JSON.parse(line));
        if (message.say === 'entered') this.#waiting.get(message.id)?.();
        else lose(`the guardian lifted everything, for ${message.why}`);
      });
    });
  }

  /** Starts a guardian and the journal; both know how things were. @throws EnvironmentError */
  static async start(cwd: string, logDir: string, begin: Omit<Begin, 'say'>): Promise<Guard> {
    const guard = new Guard(cwd, begin.run, logDir);
    try {
      await guard.#enter({ say: 'begin', ...begin }, START_LIMIT_MS);
      return guard;
    } catch (error) {
      await guard.letGo();
      throw error;
    }
  }

  /** Settles when journal and guardian know. @throws EnvironmentError where the guardian does not answer */
  note(entry: Entry): Promise<void> {
    return this.#enter(entry, ANSWER_LIMIT_MS);
  }

  /** Everything is lifted: nothing is left for the guardian to do, nor for `tripcurve heal`. */
  async letGo(): Promise<void> {
    this.#isLettingGo = true;
    clearInterval(this.#here);
    this.#say({ say: 'bye' });
    await this.#gone();
    await removeJournal(this.#file);
  }

  /** Something could not be lifted: the guardian goes on trying, and the journal stays. */
  abandon(): void {
    this.#isLettingGo = true;
    clearInterval(this.#here);
    this.#process.stdin?.end();
    this.#process.stdout?.destroy();
    this.#process.unref();
  }

  async #enter(entry: Entry, limitMs: number): Promise<void> {
    if (this.#isLost || this.#isLettingGo) {
      // What is lifted is lifted, whether anybody learns of it or not; but nothing is made unguarded.
      if (entry.say === 'lifted') return;
      throw new EnvironmentError('nothing is injected any more: the guardian of this run is gone');
    }
    writeEntry(this.#file, entry);
    const id = ++this.#entryCount;
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    const lost = this.lost.then((why) => {
      throw new EnvironmentError(why);
    });
    lost.catch(() => {}); // told by `lost` itself
    this.#say({ say: 'enter', id, entry });
    try {
      await within(limitMs, 'the guardian', Promise.race([answered, lost]));
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #gone(): Promise<void> {
    this.#process.stdin?.end();
    try {
      await within(GO_LIMIT_MS, 'the guardian to go', this.#exited);
    } catch {
      this.#process.kill('SIGKILL'); // nothing is left for it to lift
      await this.#exited;
    }
  }

  #say(message: ToGuardian): void {
    const { stdin } = this.#process;
    if (stdin?.writable === true) stdin.write(`${JSON.stringify(message)}\n`);
  }
}
