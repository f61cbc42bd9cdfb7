/**
 * What environments share whose links run in a container: a client that arms faults over HTTP, a lease that
 * the links let lapse when the rig is gone, their events on this run's clock, audits from outside, and who
 * of the containers went down unasked. How a container is brought up or killed it leaves to the environment.
 */
import { type Address, formatAddress } from '../link/address.ts';
import { FaultClient } from '../link/client.ts';
import { beyondToxiproxy } from '../link/real-toxiproxy.ts';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { LinkEngine, ProcessAction, Step } from '../model/scenario.ts';
import { takeAudit } from './audit.ts';
import type { DependencyAction } from './dependency.ts';
import { Disturbances } from './disturbance.ts';
import { type Blueprint, NO_OPERATIONS, type Running } from './environment.ts';
import { type EventStream, followEvents } from './event-stream.ts';
import { watchMachine } from './machine.ts';
import { postgresUrl } from './postgres.ts';

/** Links lift every fault when they have not heard of the rig for this long. */
const LEASE_TTL_MS = 1_500;
const LEASE_EVERY_MS = 400;

/** A container that runs. */
export interface RunningContainer {
  name: string;
  id: string;
}

export interface RemoteLinksOptions {
  blueprint: Blueprint;
  /** API of the links, as this machine reaches it. */
  url: string;
  /** API of the real Toxiproxy behind them, where it injects the toxics; null: the links do. */
  toxiproxyUrl: string | null;
  restartToxiproxy?: () => Promise<void>;
  /** Name of the container behind each link. */
  dependencies: Readonly<Record<string, string>>;
  act(container: string, action: DependencyAction): Promise<void>;
  /** Where this machine reaches what stands behind a link; may be another after a start. */
  addressOf(link: string): Promise<Address>;
  /** The containers that run now. */
  containers(): Promise<readonly RunningContainer[]>;
}

/** Why a step cannot be carried out where everything is in containers; null: it can. */
export function beyondContainers(step: Step, links: LinkEngine): string | null {
  if ('inject' in step) return links === 'toxiproxy' ? beyondToxiproxy(step.inject) : null;
  if ('operate' in step) return NO_OPERATIONS;
  if ('process' in step && step.process === 'hide-name')
    return 'names are resolved by Docker here, which cannot be told to forget one';
  return null;
}

export class RemoteLinks {
  readonly #options: RemoteLinksOptions;
  readonly #faults: FaultClient;
  readonly #values: Record<string, string>;
  readonly #disturbances: Disturbances;
  #events: EventStream | null = null;
  #lease: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => {};
  /** Containers as they were when the scenario began; others have crashed or been exchanged. */
  #before: readonly RunningContainer[] = [];
  readonly #touched = new Set<string>();

  private constructor(options: RemoteLinksOptions) {
    const { blueprint, url, toxiproxyUrl, restartToxiproxy } = options;
    this.#options = options;
    this.#values = { run: blueprint.run };
    this.#disturbances = new Disturbances({ ...blueprint, env: {}, values: () => this.#values });
    const protocols = Object.fromEntries(
      Object.entries(blueprint.config.links).map(([name, { protocol }]) => [name, protocol]),
    );
    this.#faults = new FaultClient({
      url,
      protocols,
      toxiproxyUrl,
      ...(restartToxiproxy === undefined ? {} : { restartToxiproxy }),
    });
  }

  /** Takes the lease and begins to renew it. */
  static async lease(options: RemoteLinksOptions): Promise<RemoteLinks> {
    const links = new RemoteLinks(options);
    const renew = (): Promise<void> => links.#faults.lease(LEASE_TTL_MS);
    await renew();
    links.#lease = setInterval(() => void renew().catch(() => {}), LEASE_EVERY_MS);
    links.#stopWatching = watchMachine(options.blueprint.now, options.blueprint.emit);
    return links;
  }

  /**
   * Begins to listen, once the target is up: what a target before it broke off as it went is no attempt of this.
   * @param end takes down, or lets go of, what the environment has brought up
   */
  async follow(entryUrl: string, end: () => Promise<void>): Promise<Running> {
    const { url, blueprint, containers } = this.#options;
    for (const link of Object.keys(this.#options.dependencies)) await this.#readAddress(link);
    const events = await followEvents(url, blueprint.now, blueprint.emit);
    this.#events = events;
    this.#before = await containers();
    for (const { name } of this.#before) this.#tell(name, 'started', true);
    const faults = this.#faults;
    return {
      entryUrl,
      inject: (link, name, fault) => faults.inject(link, name, fault),
      lift: (link, name) => faults.lift(link, name),
      heal: (link) => faults.heal(link),
      process: (link, name, action) => this.#act(link, name, action),
      disturb: async (link, fault, name, what) => {
        if (what === 'begin') {
          await this.#disturbances.begin(fault, name);
          await faults.noteDisturbance(link, fault, name);
        } else {
          await this.#disturbances.end(fault);
          await faults.noteDisturbance(link, fault, null);
        }
      },
      residue: () => faults.residue(),
      audit: (name) => this.#audit(name),
      lost: events.lost,
      [Symbol.asyncDispose]: end,
    };
  }

  /** Lifts what is left and lets go. */
  async end(): Promise<void> {
    clearInterval(this.#lease);
    this.#stopWatching();
    await this.#disturbances.endAll();
    try {
      await this.#faults.heal('all');
      await this.#tellCrashes();
      await this.#faults.lease(0);
    } finally {
      this.#events?.close();
    }
  }

  async #readAddress(link: string): Promise<void> {
    const address = await this.#options.addressOf(link);
    const isPostgres = this.#options.blueprint.config.links[link]?.protocol === 'postgres';
    this.#values[`dependency.${link}.host`] = address.host;
    this.#values[`dependency.${link}.port`] = String(address.port);
    this.#values[`dependency.${link}.url`] = isPostgres
      ? postgresUrl(address)
      : `http://${formatAddress(address)}`;
  }

  async #act(link: string, name: string, action: ProcessAction): Promise<void> {
    if (action === 'hide-name' || action === 'show-name')
      throw new EnvironmentError(`${action} of ${link}: not possible in this environment`);
    const container = this.#options.dependencies[link];
    if (container === undefined)
      throw new EnvironmentError(`${action} of ${link}: no container stands behind it`);
    const isUndo = action === 'start' || action === 'resume';
    this.#touched.add(container);
    if (!isUndo) await this.#faults.noteProcess(link, name, action);
    await this.#options.act(container, action);
    if (action === 'start' || action === 'restart') await this.#readAddress(link); // the published port may be new
    if (isUndo || action === 'restart') await this.#faults.noteProcess(link, name, null);
  }

  async #audit(name: string): Promise<{ result: Record<string, unknown> | null; error: string | null }> {
    const { config, cwd } = this.#options.blueprint;
    try {
      return { result: await takeAudit(config, name, this.#values, cwd), error: null };
    } catch (error) {
      return { result: null, error: messageOf(error) };
    }
  }

  /** Containers that went down or were exchanged though no scenario asked for it. */
  async #tellCrashes(): Promise<void> {
    if (this.#before.length === 0) return;
    const after = await this.#options.containers();
    for (const { name, id } of this.#before) {
      if (!after.some((container) => container.id === id))
        this.#tell(name, 'exited', this.#touched.has(name));
    }
  }

  #tell(name: string, what: 'started' | 'exited', expected: boolean): void {
    const { now, emit } = this.#options.blueprint;
    emit({ kind: 'process', t: now(), name, what, pid: 0, code: null, signal: null, expected });
  }
}
