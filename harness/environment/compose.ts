/**
 * An environment that is up already as a Docker Compose project. Its links run in a container and tell what
 * they see over HTTP; toxics are injected by the real Toxiproxy behind them, or by the links themselves.
 * Each scenario gets a target made anew; the dependencies stay.
 */
import { formatAddress } from '../link/address.ts';
import type { ProxyView } from '../link/real-toxiproxy.ts';
import type { ComposeConfig, Config } from '../model/config.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import type { DependencyAction } from './dependency.ts';
import { ComposeProject } from './docker-compose.ts';
import type { Blueprint, Environment, Running } from './environment.ts';
import { beyondContainers, RemoteLinks } from './remote-links.ts';

const CALL_TIMEOUT_MS = 5_000;

/** What Compose calls what a scenario asks for. */
const COMMANDS: Readonly<Record<DependencyAction, readonly string[]>> = {
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
  isThere: true,
  cannot: beyondContainers,
  async check(config) {
    await new ComposeProject(process.cwd(), configOf(config).files, {}).services();
  },
  async lacks({ links, compose: project }) {
    const absent = Object.keys(links).filter(
      (name) => project !== undefined && !(name in project.dependencies),
    );
    return absent.length === 0 ? null : `the Compose project has no service for ${absent.join(', ')}`;
  },
  async up(blueprint) {
    const config = configOf(blueprint.config);
    const running = new RunningProject(blueprint, config);
    try {
      return await running.up();
    } catch (error) {
      await running.end();
      throw error;
    }
  },
};

function configOf({ compose: config }: Config): ComposeConfig {
  if (config === undefined)
    throw new UsageError('tripcurve.config.ts: compose is not set, so there is no project to run against');
  return config;
}

class RunningProject {
  readonly #blueprint: Blueprint;
  readonly #config: ComposeConfig;
  readonly #project: ComposeProject;
  #links: RemoteLinks | null = null;

  constructor(blueprint: Blueprint, config: ComposeConfig) {
    const { config: all, cwd, profile, mutant } = blueprint;
    this.#blueprint = blueprint;
    this.#config = config;
    this.#project = new ComposeProject(cwd, config.files, {
      ...(all.profiles[profile]?.env ?? {}),
      ...(all.target.mutantEnv === undefined ? {} : { [all.target.mutantEnv]: mutant ?? '' }),
    });
  }

  async up(): Promise<Running> {
    const { entry, toxiproxy, dependencies } = this.#config;
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
    this.#links = await RemoteLinks.lease({
      blueprint: this.#blueprint,
      url,
      toxiproxyUrl: this.#blueprint.links === 'toxiproxy' ? toxiproxyUrl : null,
      restartToxiproxy: async () => {
        await this.#project.command('restart', toxiproxy.service);
      },
      dependencies: Object.fromEntries(
        Object.entries(dependencies).map(([name, { service }]) => [name, service]),
      ),
      act: async (service, action) => {
        await this.#project.command(...COMMANDS[action], service);
      },
      addressOf: (link) => {
        const { service = '', port = 0 } = dependencies[link] ?? {};
        return this.#project.port(service, port);
      },
      containers: async () => (await this.#project.services()).filter(({ state }) => state === 'running'),
    });
    // A target of its own for each scenario: no breaker and no cache of the one before.
    await this.#project.command('up', '-d', '--wait', '--force-recreate', '--no-deps', entry.service);
    return this.#links.follow(await this.#url(entry), () => this.end());
  }

  /** Lifts what is left and lets go; the project stays up. */
  async end(): Promise<void> {
    await this.#links?.end();
  }

  #needed(): string[] {
    // Not the entry: it is made anew, and a rig that was killed while doing so has left none.
    const { links, toxiproxy, dependencies } = this.#config;
    return [links, toxiproxy, ...Object.values(dependencies)].map(({ service }) => service);
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

  async #url({ service, port }: { service: string; port: number }): Promise<string> {
    return `http://${formatAddress(await this.#project.port(service, port))}`;
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
