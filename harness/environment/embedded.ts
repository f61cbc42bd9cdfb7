/**
 * The zero-install environment: a host process on this machine with links, a real PostgreSQL,
 * stand-ins and the target; all on loopback, all on ports of the kernel's choice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { FaultClient } from '../link/client.ts';
import { beyondToxiproxy } from '../link/real-toxiproxy.ts';
import { within } from '../model/deadline.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { childEnv, processTree, signalTo } from './child.ts';
import type { Blueprint, Environment, Running } from './environment.ts';
import { type HostCommand, HostMessage, type HostStart } from './messages.ts';
import { findPgbouncer } from './pgbouncer.ts';
import { runFolder } from './run-folder.ts';

const HOST = path.join(import.meta.dirname, 'host.ts');

/** The first start on a machine prepares PostgreSQL, which takes a few seconds. */
const UP_LIMIT_MS = 90_000;
const ANSWER_LIMIT_MS = 20_000;
const DOWN_LIMIT_MS = 8_000;

export const embedded: Environment = {
  name: 'embedded',
  linksDefault: 'embedded',
  // A target whose port is not drawn can be there once.
  parallelFor: ({ target: { entry } }) => (entry === undefined || entry.includes('{{') ? null : 1),
  cannot(step, links, config) {
    if ('inject' in step) return links === 'toxiproxy' ? beyondToxiproxy(step.inject) : null;
    if (!('process' in step)) return null;
    if (step.process === 'hide-name')
      return process.platform === 'linux'
        ? null
        : 'names can be hidden only on Linux, which has mount namespaces';
    if ('address' in (config.links[step.on]?.dependency ?? {}))
      return `the process behind ${step.on} is not ours, only its address is known`;
    return null;
  },
  async lacks({ links }) {
    if (Object.values(links).every(({ dependency }) => !('pgbouncer' in dependency))) return null;
    return findPgbouncer().then(() => null, messageOf);
  },
  up: (blueprint) => up(blueprint, spawnHost(blueprint.run)),
  ahead(run) {
    let next: ChildProcess | null = spawnHost(run);
    return {
      ...embedded,
      async up(blueprint) {
        const host = next !== null && isThere(next) ? next : spawnHost(run);
        next = null;
        const running = await up(blueprint, host);
        next ??= spawnHost(run);
        return running;
      },
      async [Symbol.asyncDispose]() {
        if (next === null || !isThere(next)) return;
        const exited = once(next, 'exit');
        next.stdin?.end(); // which it takes for our end, and goes
        await exited;
      },
    };
  },
};

function isThere({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** A host that has loaded what it needs by the time it is told what to bring up. */
function spawnHost(run: string): ChildProcess {
  // A session of its own: a signal to the terminal's group reaches the rig, and the rig decides.
  const host = spawn(process.execPath, [HOST, run], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: childEnv({}),
  });
  host.stdin?.on('error', () => {}); // a host that is gone is noticed by its exit
  return host;
}

async function up(blueprint: Blueprint, process: ChildProcess): Promise<Running> {
  const dir = await runFolder(blueprint.run, blueprint.originNs.toString(36));
  const host = new HostHandle(blueprint, dir, process);
  try {
    return await host.up();
  } catch (error) {
    await host.end();
    throw error;
  }
}

class HostHandle {
  readonly #blueprint: Blueprint;
  readonly #dir: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #asked = new Map<number, (message: Done) => void>();
  /** Processes the host started and has not reported ended: ours to kill should the host die first. */
  readonly #pids = new Set<number>();
  #askedCount = 0;
  #ending = false;

  constructor(blueprint: Blueprint, dir: string, host: ChildProcess) {
    this.#blueprint = blueprint;
    this.#process = host;
    this.#dir = dir;
    this.#exited = new Promise((resolve) => this.#process.once('close', () => resolve()));
  }

  async up(): Promise<Running> {
    const { config, cwd, profile, mutant, links, hidesNames, run, seed, logDir, originNs } = this.#blueprint;
    const { instances = 1, movesTarget = false, before = [] } = this.#blueprint;
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
      links,
      hidesNames,
      instances,
      movesTarget,
      before: [...before],
    };
    const { entryUrl, apiUrl, toxiproxyUrl } = await within(
      UP_LIMIT_MS * (1 + before.length),
      'the embedded environment to come up',
      this.#firstAnswer(start),
    );
    const protocols = Object.fromEntries(
      Object.entries(config.links).map(([name, { protocol }]) => [name, protocol]),
    );
    const faults = new FaultClient({
      url: apiUrl,
      protocols,
      toxiproxyUrl,
      restartToxiproxy: async () => {
        await this.#tell('Toxiproxy to start anew', { do: 'restart-toxiproxy' });
      },
    });
    return {
      entryUrl,
      inject: (link, name, fault) => faults.inject(link, name, fault),
      lift: (link, name) => faults.lift(link, name),
      heal: (link) => faults.heal(link),
      process: async (link, name, action) => {
        const isUndo = action === 'start' || action === 'resume' || action === 'show-name';
        if (!isUndo) await faults.noteProcess(link, name, action);
        await this.#tell(`${action} of ${link}`, { do: 'process', link, action });
        if (isUndo || action === 'restart') await faults.noteProcess(link, name, null);
      },
      disturb: async (link, fault, name, what) => {
        await this.#tell(`the disturbance ${name} of ${link} to ${what}`, {
          do: 'disturb',
          fault,
          name,
          what,
        });
        // Noted when it is in place: a program takes a moment to start, in which nothing is wrong yet.
        await faults.noteDisturbance(link, fault, what === 'begin' ? name : null);
      },
      operate: async (name, limitMs) => {
        // It has its own limit; this one is for a host that no longer answers.
        const command = { do: 'operate', name, limitMs } as const;
        const { result } = await this.#tell(name, command, limitMs + ANSWER_LIMIT_MS);
        return String(result?.printed ?? '');
      },
      linkUrl: (link) => faults.listenUrl(link),
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
    for (const root of this.#pids) for (const pid of await processTree(root)) signalTo(pid, 'SIGKILL');
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #pass(event: Unnumbered<HistoryEvent>): void {
    if (event.kind === 'process' && event.what === 'started') this.#pids.add(event.pid);
    if (event.kind === 'process' && event.what === 'exited') this.#pids.delete(event.pid);
    this.#blueprint.emit(event);
  }

  #firstAnswer(start: HostStart): Promise<HostMessage & { say: 'up' }> {
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
          case 'done':
            this.#asked.get(message.id)?.(message);
            this.#asked.delete(message.id);
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
    const { result, error } = await this.#ask(`the audit ${name}`, { do: 'audit', name });
    return { result, error };
  }

  /** @throws EnvironmentError where the host could not */
  async #tell(what: string, command: Numberless<HostCommand>, limitMs = ANSWER_LIMIT_MS): Promise<Done> {
    const done = await this.#ask(what, command, limitMs);
    if (done.error !== null) throw new EnvironmentError(`${what}: ${done.error}`);
    return done;
  }

  #ask(what: string, command: Numberless<HostCommand>, limitMs = ANSWER_LIMIT_MS): Promise<Done> {
    const id = ++this.#askedCount;
    const answer = new Promise<Done>((resolve) => this.#asked.set(id, resolve));
    this.#send({ ...command, id } as HostCommand);
    return within(limitMs, what, answer);
  }

  #send(message: HostStart | HostCommand): void {
    if (this.#process.stdin?.writable === true) this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }
}

/** The host's answer to a command. */
type Done = HostMessage & { say: 'done' };

/** A command before it is numbered. */
type Numberless<C> = C extends { id: number } ? Omit<C, 'id'> : never;
