/**
 * The zero-install environment: a host process on this machine with links, a real PostgreSQL,
 * stand-ins and the target; all on loopback, all on ports of the kernel's choice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { FaultClient } from '../link/client.ts';
import { within } from '../model/deadline.ts';
import { EnvironmentError, UsageError } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { childEnv } from './child.ts';
import type { Blueprint, Environment, Running } from './environment.ts';
import { type HostCommand, HostMessage, type HostStart } from './messages.ts';

const HOST = path.join(import.meta.dirname, 'host.ts');

/** The first start on a machine prepares PostgreSQL, which takes a few seconds. */
const UP_LIMIT_MS = 90_000;
const AUDIT_LIMIT_MS = 20_000;
const DOWN_LIMIT_MS = 8_000;

/** Prefix of the run folders in the system's temp folder. */
export const RUN_DIR_PREFIX = 'tripcurve-run-';

export const embedded: Environment = {
  name: 'embedded',
  async up(blueprint) {
    const host = new HostHandle(blueprint);
    try {
      return await host.up();
    } catch (error) {
      await host.end();
      throw error;
    }
  },
};

class HostHandle {
  readonly #blueprint: Blueprint;
  readonly #dir: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #audits = new Map<number, (message: HostMessage & { say: 'audited' }) => void>();
  /** Processes the host started and has not reported ended: ours to kill should the host die first. */
  readonly #pids = new Set<number>();
  #auditCount = 0;
  #ending = false;

  constructor(blueprint: Blueprint) {
    this.#blueprint = blueprint;
    this.#dir = path.join(
      os.tmpdir(),
      `${RUN_DIR_PREFIX}${blueprint.run}-${process.pid}-${blueprint.originNs.toString(36)}`,
    );
    // A session of its own: a signal to the terminal's group reaches the rig, and the rig decides.
    this.#process = spawn(process.execPath, [HOST, blueprint.run], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: childEnv({}),
    });
    this.#process.stdin?.on('error', () => {}); // a host that is gone is noticed by its exit
    this.#exited = new Promise((resolve) => this.#process.once('close', () => resolve()));
  }

  async up(): Promise<Running> {
    const { config, cwd, profile, mutant, run, seed, logDir, originNs } = this.#blueprint;
    await mkdir(logDir, { recursive: true });
    this.#process.stderr?.pipe(createWriteStream(path.join(logDir, 'host.log')));
    const start: HostStart = {
      originNs: String(originNs),
      run,
      dir: this.#dir,
      logDir,
      cacheDir: path.join(cwd, '.tripcurve', 'postgres'),
      cwd,
      seed,
      config,
      profile,
      mutant,
    };
    const { entryUrl, apiUrl } = await within(
      UP_LIMIT_MS,
      'the embedded environment to come up',
      this.#firstAnswer(start),
    );
    const protocols = Object.fromEntries(
      Object.entries(config.links).map(([name, { protocol }]) => [name, protocol]),
    );
    const faults = new FaultClient(apiUrl, protocols);
    return {
      entryUrl,
      inject: (link, name, fault) => faults.inject(link, name, fault),
      lift: (link, name) => faults.lift(link, name),
      heal: (link) => faults.heal(link),
      residue: () => faults.residue(),
      audit: (name) => this.#audit(name),
      lost: this.#exited.then(() =>
        this.#ending ? new Promise<never>(() => {}) : 'the host process of the environment ended',
      ),
      [Symbol.asyncDispose]: () => this.end(),
    };
  }

  /** Takes the environment down; whatever the host can no longer do is done here. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#send({ do: 'down' });
    try {
      await within(DOWN_LIMIT_MS, 'the environment to go down', this.#exited);
    } catch {
      this.#process.kill('SIGKILL');
      await this.#exited;
    }
    for (const pid of this.#pids) kill(pid);
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #pass(event: Unnumbered<HistoryEvent>): void {
    if (event.kind === 'process' && event.what === 'started') this.#pids.add(event.pid);
    if (event.kind === 'process' && event.what === 'exited') this.#pids.delete(event.pid);
    this.#blueprint.emit(event);
  }

  #firstAnswer(start: HostStart): Promise<{ entryUrl: string; apiUrl: string }> {
    return new Promise((resolve, reject) => {
      const { stdout } = this.#process;
      if (stdout === null) throw new EnvironmentError('the host process has no output');
      createInterface({ input: stdout }).on('line', (line) => {
        const message = HostMessage.parse(JSON.parse(line));
        switch (message.say) {
          case 'up':
            resolve(message);
            return;
          case 'failed':
            reject(message.usage ? new UsageError(message.why) : new EnvironmentError(message.why));
            return;
          case 'events':
            // Made by our own host from these very types, and validated again when the file is read.
            for (const event of message.events) this.#pass(event as Unnumbered<HistoryEvent>);
            return;
          case 'audited':
            this.#audits.get(message.id)?.(message);
            return;
        }
      });
      void this.#exited.then(() =>
        reject(new EnvironmentError('the host process ended before the environment was up; see host.log')),
      );
      this.#send(start);
    });
  }

  async #audit(name: string): Promise<{ result: Record<string, unknown> | null; error: string | null }> {
    const id = ++this.#auditCount;
    const answer = new Promise<HostMessage & { say: 'audited' }>((resolve) => this.#audits.set(id, resolve));
    this.#send({ do: 'audit', id, name });
    const { result, error } = await within(AUDIT_LIMIT_MS, `the audit ${name}`, answer);
    return { result, error };
  }

  #send(message: HostStart | HostCommand): void {
    if (this.#process.stdin?.writable === true) this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
