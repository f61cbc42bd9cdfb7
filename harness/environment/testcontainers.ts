/**
 * Containers of its own for each scenario, made and removed by Testcontainers: PostgreSQL, what else stands
 * behind links, the links, a real Toxiproxy behind them, and the target, which reaches nothing but the links.
 */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import { formatAddress } from '../link/address.ts';
import type { Config, ContainerConfig, TestcontainersConfig } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';
import { connect, type Kinds } from './containers/connect.ts';
import { Fleet } from './containers/fleet.ts';
import { variablesOf } from './containers/image.ts';
import type { Belonging } from './containers/kinds.ts';
import type { Blueprint, Environment, Running } from './environment.ts';
import { POSTGRES_DATABASE, POSTGRES_ROLE, postgresUrl } from './postgres.ts';
import { beyondContainers, RemoteLinks } from './remote-links.ts';
import { fillAll } from './template.ts';

/**
 * Each scenario is six or seven containers, and starting them takes two cores for a second or two: on two cores
 * a neighbour that started was seen to keep a scenario waiting 95 % of its steady state.
 */
const CORES_PER_SCENARIO = 2;
const PARALLEL_MAX = Math.min(4, Math.max(1, Math.floor(os.availableParallelism() / CORES_PER_SCENARIO)));

const API_PORT = 8474;
const POSTGRES_PORT = 5432;
/** Where the first link listens, in the links' container and in Toxiproxy's. */
const LINK_PORT = 9001;
const LINKS_FILE = '/etc/tripcurve/links.json';
/** `tripcurve proxy --seed` takes no more. */
const SEED_MAX = 2 ** 31;

export const testcontainers: Environment = {
  name: 'testcontainers',
  linksDefault: 'toxiproxy',
  parallelMax: PARALLEL_MAX,
  cannot: beyondContainers,
  async lacks({ links, testcontainers: config }) {
    const absent = Object.keys(links).filter(
      (name) => config !== undefined && !(name in config.dependencies),
    );
    return absent.length === 0 ? null : `no container is configured for ${absent.join(', ')}`;
  },
  async check(config) {
    configOf(config);
    await connect();
  },
  async up(blueprint) {
    const config = configOf(blueprint.config);
    const { client, kinds } = await connect();
    const { run, cwd, logDir } = blueprint;
    await mkdir(logDir, { recursive: true });
    const id = `tripcurve-${run}-${process.pid}-${++sceneCount}`;
    const fleet = new Fleet({ client, id, run, variables: await variablesOf(cwd) });
    const scene = new Scene(blueprint, config, kinds, fleet, id);
    try {
      return await scene.up();
    } catch (error) {
      await scene.end();
      throw error;
    }
  },
};

let sceneCount = 0;

function configOf({ testcontainers: config, links }: Config): TestcontainersConfig {
  if (config === undefined)
    throw new UsageError('tripcurve.config.ts: testcontainers is not set, so there are no images to start');
  const missing = Object.keys(links).find((name) => config.dependencies[name] === undefined);
  if (missing !== undefined)
    throw new UsageError(
      `tripcurve.config.ts: testcontainers.dependencies has nothing for the link ${missing}`,
    );
  return config;
}

/** The containers of one scenario. */
class Scene {
  readonly #blueprint: Blueprint;
  readonly #config: TestcontainersConfig;
  readonly #kinds: Kinds;
  readonly #fleet: Fleet;
  readonly #id: string;
  #links: RemoteLinks | null = null;

  constructor(blueprint: Blueprint, config: TestcontainersConfig, kinds: Kinds, fleet: Fleet, id: string) {
    this.#blueprint = blueprint;
    this.#config = config;
    this.#kinds = kinds;
    this.#fleet = fleet;
    this.#id = id;
  }

  async up(): Promise<Running> {
    const { config, links: engine } = this.#blueprint;
    const names = Object.keys(config.links);
    const isBehind = engine === 'toxiproxy';
    await allOf([this.#fleet.makeNetwork('target'), this.#fleet.makeNetwork('dependencies')]);
    await allOf([
      ...names.map((name) => this.#dependencyUp(name)),
      ...(isBehind ? [this.#toxiproxyUp()] : []),
      this.#linksUp(isBehind),
    ]);
    this.#links = await RemoteLinks.lease({
      blueprint: this.#blueprint,
      url: await this.#url('links', API_PORT),
      toxiproxyUrl: isBehind ? await this.#url('toxiproxy', API_PORT) : null,
      dependencies: Object.fromEntries(names.map((name) => [name, name])),
      act: (name, action) => this.#fleet.act(name, action),
      addressOf: (link) => this.#fleet.published(link, this.#portOf(link)),
      containers: () => this.#fleet.running(),
    });
    await this.#targetUp();
    const entryUrl = await this.#url(config.target.name, this.#config.target.port);
    return this.#links.follow(entryUrl, () => this.end());
  }

  async end(): Promise<void> {
    await this.#links?.end().catch(() => {}); // what could not be lifted goes with its container
    await this.#fleet.end();
  }

  async #dependencyUp(name: string): Promise<void> {
    const dependency = this.#config.dependencies[name];
    if (dependency === undefined) return;
    if (!('postgres' in dependency)) {
      await this.#plainUp(name, dependency);
      return;
    }
    const { image: server, prepare } = dependency.postgres;
    await this.#fleet.start(name, server, (image) =>
      this.#kinds.postgres(this.#belonging(name, 'dependencies'), {
        image,
        role: POSTGRES_ROLE,
        database: POSTGRES_DATABASE,
      }),
    );
    const env = { ...prepare.env, DATABASE_URL: postgresUrl({ host: name, port: POSTGRES_PORT }) };
    const belonging = this.#belonging(`${name}-prepare`, 'dependencies');
    await this.#fleet.begin(`the preparation of ${name}`, prepare.image, (image) =>
      this.#kinds.toItsEnd(belonging, { image, command: prepare.command, env }),
    );
  }

  async #plainUp(
    name: string,
    { image: named, command, port, readyPath, env }: ContainerConfig,
  ): Promise<void> {
    const filled = fillAll(env, { run: this.#blueprint.run }, `testcontainers.dependencies.${name}.env`);
    const belonging = this.#belonging(name, 'dependencies');
    await this.#fleet.start(name, named, (image) =>
      this.#kinds.plain(belonging, { image, command, port, readyPath, env: filled }),
    );
  }

  async #toxiproxyUp(): Promise<void> {
    const proxies = this.#places().map(({ name, port, dependency }) => ({
      name,
      listen: `0.0.0.0:${port}`,
      upstream: dependency,
      enabled: true,
    }));
    await this.#fleet.start('toxiproxy', this.#config.toxiproxy, (image) =>
      this.#kinds.toxiproxy(this.#belonging('toxiproxy', 'dependencies'), { image, proxies }),
    );
  }

  async #linksUp(isBehind: boolean): Promise<void> {
    const { seed, config } = this.#blueprint;
    const proxies = this.#places().map(({ name, port, dependency }) => ({
      name,
      listen: `0.0.0.0:${port}`,
      upstream: isBehind ? `toxiproxy:${port}` : dependency,
      protocol: config.links[name]?.protocol,
    }));
    const command = [
      ...['node', 'bin/tripcurve.ts', 'proxy', '--host=0.0.0.0', `--port=${API_PORT}`],
      ...[`--config=${LINKS_FILE}`, `--seed=${seed % SEED_MAX}`],
      ...(isBehind ? [`--behind=http://toxiproxy:${API_PORT}`] : []),
    ];
    const belonging = this.#belonging('links', 'dependencies');
    const files = { [LINKS_FILE]: JSON.stringify(proxies) };
    await this.#fleet.start('links', this.#config.links, (image) =>
      this.#kinds.plain(belonging, { image, command, port: API_PORT, readyPath: '/version', files }),
    );
    await this.#fleet.join('links', 'target');
  }

  async #targetUp(): Promise<void> {
    const { config, run, profile, mutant } = this.#blueprint;
    const { image: named, command, port, env } = this.#config.target;
    const { name, mutantEnv, readyPath = '/' } = config.target;
    const values: Record<string, string> = { run };
    for (const { name: link, port: linkPort } of this.#places()) {
      const address = { host: 'links', port: linkPort };
      const isPostgres = config.links[link]?.protocol === 'postgres';
      values[`link.${link}.host`] = address.host;
      values[`link.${link}.port`] = String(address.port);
      values[`link.${link}.url`] = isPostgres ? postgresUrl(address) : `http://${formatAddress(address)}`;
    }
    const filled = {
      ...fillAll(env, values, 'testcontainers.target.env'),
      ...fillAll(config.profiles[profile]?.env ?? {}, values, `profiles.${profile}.env`),
      ...(mutant === null || mutantEnv === undefined ? {} : { [mutantEnv]: mutant }),
    };
    await this.#fleet.start(name, named, (image) =>
      this.#kinds.plain(this.#belonging(name, 'target'), { image, command, env: filled, port, readyPath }),
    );
  }

  /** Of each link: where it listens in its container, and its dependency as containers reach it. */
  #places(): { name: string; port: number; dependency: string }[] {
    return Object.keys(this.#blueprint.config.links).map((name, i) => ({
      name,
      port: LINK_PORT + i,
      dependency: formatAddress({ host: name, port: this.#portOf(name) }),
    }));
  }

  #portOf(link: string): number {
    const dependency = this.#config.dependencies[link];
    return dependency !== undefined && 'port' in dependency ? dependency.port : POSTGRES_PORT;
  }

  #belonging(name: string, network: 'target' | 'dependencies'): Belonging {
    const { run, logDir } = this.#blueprint;
    return { name, environment: this.#id, run, network: this.#fleet.network(network), logDir };
  }

  async #url(name: string, port: number): Promise<string> {
    return `http://${formatAddress(await this.#fleet.published(name, port))}`;
  }
}

/** Waits for all, also where one fails: what is still starting could not be removed. @throws the first failure */
async function allOf(starting: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
