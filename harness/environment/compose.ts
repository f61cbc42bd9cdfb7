/**
 * An environment that is up already as a Docker Compose project. Its links run in a container and tell what
 * they see over HTTP; toxics are injected by the real Toxiproxy behind them, or by the links themselves.
 * Each scenario gets a target made anew; the dependencies stay.
 */
import { formatAddress } from '../link/address.ts';
import { FaultClient } from '../link/client.ts';
import { beyondToxiproxy, type ProxyView } from '../link/real-toxiproxy.ts';
import type { ComposeConfig } from '../model/config.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import type { ProcessAction } from '../model/scenario.ts';
import { takeAudit } from './audit.ts';
import { ComposeProject, type Service } from './docker-compose.ts';
import type { Blueprint, Environment, Running } from './environment.ts';
import { type EventStream, followEvents } from './event-stream.ts';
import { watchMachine } from './machine.ts';
import { POSTGRES_DATABASE, POSTGRES_ROLE } from './postgres.ts';

/** Links lift every fault when they have not heard of the rig for this long. */
const LEASE_TTL_MS = 1_500;
const LEASE_EVERY_MS = 400;

const CALL_TIMEOUT_MS = 5_000;

/** What Compose calls what a scenario asks for. */
const COMMANDS: Readonly<Record<Exclude<ProcessAction, 'hide-name' | 'show-name'>, readonly string[]>> = {
  kill: ['kill'],
  start: ['start'],
  pause: ['pause'],
  resume: ['unpause'],
  restart: ['restart'],
};

export const compose: Environment = {
  name: 'compose',
  linksDefault: 'toxiproxy',
  parallelMax: 1,
  cannot(step, links) {
    if ('inject' in step) return links === 'toxiproxy' ? beyondToxiproxy(step.inject) : null;
    if ('process' in step && step.process === 'hide-name')
      return 'names are resolved by Docker here, which cannot be told to forget one';
    return null;
  },
  async lacks({ links, compose: project }) {
    const absent = Object.keys(links).filter(
      (name) => project !== undefined && !(name in project.dependencies),
    );
    return absent.length === 0 ? null : `the Compose project has no service for ${absent.join(', ')}`;
  },
  async up(blueprint) {
    const config = blueprint.config.compose;
    if (config === undefined)
      throw new UsageError('tripcurve.config.ts: compose is not set, so there is no project to run against');
    const running = new RunningProject(blueprint, config);
    try {
      return await running.up();
    } catch (error) {
      await running.end();
      throw error;
    }
  },
};

class RunningProject {
  readonly #blueprint: Blueprint;
  readonly #config: ComposeConfig;
  readonly #project: ComposeProject;
  readonly #values: Record<string, string>;
  #faults: FaultClient | null = null;
  #events: EventStream | null = null;
  #lease: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => {};
  /** Containers as they were when the scenario began; others have crashed or been exchanged. */
  #before: Service[] = [];
  readonly #touched = new Set<string>();

  constructor(blueprint: Blueprint, config: ComposeConfig) {
    const { config: all, cwd, profile, mutant, run } = blueprint;
    this.#blueprint = blueprint;
    this.#config = config;
    this.#values = { run };
    this.#project = new ComposeProject(cwd, config.files, {
      ...(all.profiles[profile]?.env ?? {}),
      ...(all.target.mutantEnv === undefined ? {} : { [all.target.mutantEnv]: mutant ?? '' }),
    });
  }

  async up(): Promise<Running> {
    const { config, links, now, emit } = this.#blueprint;
    const { entry, toxiproxy } = this.#config;
    const services = await this.#project.services();
    for (const service of this.#needed()) {
      if (!services.some(({ name, state }) => name === service && state === 'running'))
        throw new EnvironmentError(
          `service ${service} does not run; bring the project up first: docker compose up -d --wait`,
        );
    }
    const url = await this.#url(this.#config.links);
    const toxiproxyUrl = await this.#url(toxiproxy);
    await this.#wire(url, toxiproxyUrl);
    const protocols = Object.fromEntries(
      Object.entries(config.links).map(([name, { protocol }]) => [name, protocol]),
    );
    this.#faults = new FaultClient({
      url,
      protocols,
      toxiproxyUrl: links === 'toxiproxy' ? toxiproxyUrl : null,
      restartToxiproxy: async () => {
        await this.#project.command('restart', toxiproxy.service);
      },
    });
    await this.#renew();
    this.#lease = setInterval(() => void this.#renew().catch(() => {}), LEASE_EVERY_MS);
    this.#stopWatching = watchMachine(now, emit);
    // A target of its own for each scenario: no breaker and no cache of the one before.
    await this.#project.command('up', '-d', '--wait', '--force-recreate', '--no-deps', entry.service);
    await this.#readAddresses();
    // From here on: what the target before broke off as it went is no attempt of this one.
    this.#events = await followEvents(url, now, emit);
    this.#before = await this.#project.services();
    for (const { name } of this.#before) this.#process(name, 'started', true);
    return this.#running(await this.#url(entry), this.#faults, this.#events);
  }

  #running(entryUrl: string, faults: FaultClient, events: EventStream): Running {
    return {
      entryUrl,
      inject: (link, name, fault) => faults.inject(link, name, fault),
      lift: (link, name) => faults.lift(link, name),
      heal: (link) => faults.heal(link),
      process: (link, name, action) => this.#act(faults, link, name, action),
      residue: () => faults.residue(),
      audit: (name) => this.#audit(name),
      lost: events.lost,
      [Symbol.asyncDispose]: () => this.end(),
    };
  }

  /** Lifts what is left and lets go; the project stays up. */
  async end(): Promise<void> {
    clearInterval(this.#lease);
    this.#stopWatching();
    try {
      await this.#faults?.heal('all');
      await this.#tellCrashes();
      await this.#faults?.lease(0);
    } finally {
      this.#events?.close();
    }
  }

  #needed(): string[] {
    const { entry, links, toxiproxy, dependencies } = this.#config;
    return [entry, links, toxiproxy, ...Object.values(dependencies)].map(({ service }) => service);
  }

  /** Points each link at Toxiproxy, or past it at its dependency, as this run's engine wants it. */
  async #wire(url: string, toxiproxyUrl: string): Promise<void> {
    const behind = await call<Record<string, ProxyView>>(`${toxiproxyUrl}/proxies`);
    await call(`${toxiproxyUrl}/reset`, {});
    await call(`${url}/reset`, {});
    for (const name of Object.keys(this.#blueprint.config.links)) {
      const proxy = behind[name];
      if (proxy === undefined) throw new EnvironmentError(`Toxiproxy has no proxy "${name}"`);
      const port = Number(/:(\d+)$/.exec(proxy.listen)?.[1]);
      const upstream =
        this.#blueprint.links === 'toxiproxy'
          ? formatAddress({ host: this.#config.toxiproxy.service, port })
          : proxy.upstream;
      await call(`${url}/proxies/${encodeURIComponent(name)}`, { upstream, enabled: true });
    }
  }

  async #renew(): Promise<void> {
    await this.#faults?.lease(LEASE_TTL_MS);
  }

  async #url({ service, port }: { service: string; port: number }): Promise<string> {
    return `http://${formatAddress(await this.#project.port(service, port))}`;
  }

  /** Addresses of the dependencies as this machine sees them, for audits. */
  async #readAddresses(): Promise<void> {
    for (const [name, { service, port }] of Object.entries(this.#config.dependencies)) {
      const address = await this.#project.port(service, port);
      const isPostgres = this.#blueprint.config.links[name]?.protocol === 'postgres';
      this.#values[`dependency.${name}.host`] = address.host;
      this.#values[`dependency.${name}.port`] = String(address.port);
      this.#values[`dependency.${name}.url`] = isPostgres
        ? `postgres://${POSTGRES_ROLE}@${formatAddress(address)}/${POSTGRES_DATABASE}`
        : `http://${formatAddress(address)}`;
    }
  }

  async #act(faults: FaultClient, link: string, name: string, action: ProcessAction): Promise<void> {
    if (action === 'hide-name' || action === 'show-name')
      throw new EnvironmentError(`${action} of ${link}: not possible in this environment`);
    const service = this.#config.dependencies[link]?.service;
    if (service === undefined)
      throw new EnvironmentError(`${action} of ${link}: no service stands behind it`);
    const isUndo = action === 'start' || action === 'resume';
    this.#touched.add(service);
    if (!isUndo) await faults.noteProcess(link, name, action);
    await this.#project.command(...COMMANDS[action], service);
    if (action === 'start' || action === 'restart') await this.#readAddresses(); // the published port may be new
    if (isUndo || action === 'restart') await faults.noteProcess(link, name, null);
  }

  async #audit(name: string): Promise<{ result: Record<string, unknown> | null; error: string | null }> {
    const { config, cwd } = this.#blueprint;
    try {
      return { result: await takeAudit(config, name, this.#values, cwd), error: null };
    } catch (error) {
      return { result: null, error: messageOf(error) };
    }
  }

  /** Containers that went down or were exchanged though no scenario asked for it. */
  async #tellCrashes(): Promise<void> {
    if (this.#before.length === 0) return;
    const after = await this.#project.services();
    for (const { name, id } of this.#before) {
      const now = after.find((service) => service.name === name);
      const isSame = now !== undefined && now.id === id && now.state === 'running';
      if (!isSame) this.#process(name, 'exited', this.#touched.has(name));
    }
  }

  #process(name: string, what: 'started' | 'exited', expected: boolean): void {
    const { now, emit } = this.#blueprint;
    emit({ kind: 'process', t: now(), name, what, pid: 0, code: null, signal: null, expected });
  }
}

/** Asks a control API; with a body, POST. @throws EnvironmentError with its answer */
async function call<T>(url: string, body?: object): Promise<T> {
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text.trim()}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  } catch (error) {
    throw new EnvironmentError(`${url}: ${messageOf(error)}`);
  }
}
