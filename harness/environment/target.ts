/**
 * The target's processes: one, or several of a kind behind a door. They are started until ready, ended in good
 * order, and exchanged all at once or one after the other. It does not know what is between them and their links.
 */
import type { Command } from '../model/config.ts';
import { EnvironmentError } from '../model/errors.ts';
import type { Child } from './child.ts';
import { Door } from './door.ts';
import { type Entry, startReady } from './entered.ts';

/** How long a process may take to leave in good order when an operation ends it: as long as orchestrators give. */
const LEAVE_MS = 30_000;

export interface TargetOptions {
  readonly instances: number;
  /** True: it needs an address that stays, since its processes will not. */
  readonly behindDoor: boolean;
  readonly entry: Entry;
  /** Starts one process, numbered from 1; `port` is free for it. */
  spawn(start: Command, instance: number, port: string): Child;
}

interface Instance {
  readonly child: Child;
  readonly url: URL;
}

export class Target {
  readonly #options: TargetOptions;
  readonly #instances: (Instance | null)[];
  #start: Command;
  #door: Door | null = null;
  /** Processes that were started and may still be there, also where they never became ready. */
  readonly #children = new Set<Child>();

  constructor(start: Command, options: TargetOptions) {
    this.#start = start;
    this.#options = options;
    this.#instances = Array.from({ length: options.instances }, () => null);
  }

  /** Brings all up; returns where requests go. @throws EnvironmentError or UsageError where one is not ready in time */
  async up(): Promise<string> {
    if (this.#options.behindDoor) this.#door = await Door.open();
    await this.#all((i) => this.#bringUp(i));
    return this.#door?.url ?? this.#instances[0]?.url.href.replace(/\/$/, '') ?? '';
  }

  /**
   * Ends all in good order, then starts them; `start` replaces what they are started with.
   * @throws EnvironmentError where one does not end with code 0, or is not ready in time
   */
  async restart(start?: Command): Promise<void> {
    this.#start = start ?? this.#start;
    await this.#all((i) => this.#takeDown(i));
    await this.#all((i) => this.#bringUp(i));
  }

  /** As {@link restart}, one after the other: the others go on serving. */
  async roll(start?: Command): Promise<void> {
    this.#start = start ?? this.#start;
    for (const i of this.#instances.keys()) {
      await this.#takeDown(i);
      await this.#bringUp(i);
    }
  }

  /** Ends whatever is there, for good. */
  async stop(): Promise<void> {
    this.#door?.close();
    await Promise.all([...this.#children].map((child) => child.dismiss()));
  }

  async #bringUp(i: number): Promise<void> {
    this.#instances[i] = await startReady(this.#options.entry, (port) => {
      const child = this.#options.spawn(this.#start, i + 1, port);
      this.#children.add(child);
      void child.exited.then(() => this.#children.delete(child));
      return child;
    });
    this.#openDoor();
  }

  async #takeDown(i: number): Promise<void> {
    const instance = this.#instances[i];
    if (instance === null || instance === undefined) return; // an operation before this one left it down
    this.#instances[i] = null;
    this.#openDoor(); // nobody new comes to it while it drains
    await instance.child.stop('SIGTERM', LEAVE_MS);
    const code = await instance.child.exited;
    if (code !== 0)
      throw new EnvironmentError(
        `${instance.child.name} did not leave in good order within ${LEAVE_MS} ms of SIGTERM (code ${code}): ${instance.child.lastWords()}`,
      );
  }

  #openDoor(): void {
    const there = this.#instances.flatMap((instance) => (instance === null ? [] : [instance.url]));
    this.#door?.leadsTo(there.map(({ hostname, port }) => ({ host: hostname, port: Number(port) })));
  }

  /** Waits for all, also where one fails: what is still starting could not be ended. @throws the first failure */
  async #all(act: (i: number) => Promise<void>): Promise<void> {
    const settled = await Promise.allSettled([...this.#instances.keys()].map(act));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
