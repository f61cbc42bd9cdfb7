/** The containers of one environment by name: started, acted upon, asked where they are, removed. */
import type { ContainerRuntimeClient, StartedTestContainer } from 'testcontainers';
import type { Address } from '../../link/address.ts';
import type { Image } from '../../model/config.ts';
import { EnvironmentError, messageOf } from '../../model/errors.ts';
import type { DependencyAction } from '../dependency.ts';
import type { RunningContainer } from '../remote-links.ts';
import { nameOf } from './image.ts';
import { ENVIRONMENT_LABEL, RUN_LABEL, sweep } from './sweep.ts';
import { Watch } from './watch.ts';

const SWEEP_LIMIT_MS = 30_000;

export interface FleetOptions {
  client: ContainerRuntimeClient;
  /** Id of the environment, which nothing else on this machine bears. */
  id: string;
  run: string;
  /** Where images that are named by a variable are looked up. */
  variables: Readonly<Record<string, string | undefined>>;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #ids = new Map<string, string>();
  readonly #watch: Watch;

  /** From now on, what bears this id goes with this process. */
  constructor(options: FleetOptions) {
    this.#options = options;
    this.#watch = new Watch(options.id);
  }

  /** The full name of a network of this environment. */
  network(name: string): string {
    return `${this.#options.id}-${name}`;
  }

  async makeNetwork(name: string): Promise<void> {
    const { client, id, run } = this.#options;
    const { getReaper, LABEL_TESTCONTAINERS_SESSION_ID } = await import('testcontainers');
    const { sessionId } = await getReaper(client);
    const labels = {
      [ENVIRONMENT_LABEL]: id,
      [RUN_LABEL]: run,
      [LABEL_TESTCONTAINERS_SESSION_ID]: sessionId,
    };
    await client.network.create({ Name: this.network(name), Labels: labels });
  }

  /** Starts a container that is known by its name from then on. @throws EnvironmentError that names the image */
  async start(
    name: string,
    image: Image,
    start: (image: string) => Promise<StartedTestContainer>,
  ): Promise<void> {
    const started = await this.begin(name, image, start);
    this.#ids.set(name, started.getId());
  }

  /** Starts one that nobody asks for later. */
  async begin<T>(what: string, image: Image, begin: (image: string) => Promise<T>): Promise<T> {
    const named = nameOf(image, this.#options.variables);
    try {
      return await begin(named);
    } catch (error) {
      throw new EnvironmentError(
        `${what} did not start from image ${named}: ${messageOf(error)} (docs/docker.md: how images are built and named)`,
      );
    }
  }

  /** Puts a container on a second network, where it goes by its name. */
  async join(name: string, network: string): Promise<void> {
    const { container, network: networks } = this.#options.client;
    await container.connectToNetwork(this.#container(name), networks.getById(this.network(network)), [name]);
  }

  async act(name: string, action: DependencyAction): Promise<void> {
    const container = this.#container(name);
    switch (action) {
      case 'kill':
        await container.kill();
        return;
      case 'start':
        await container.start();
        return;
      case 'pause':
        await container.pause();
        return;
      case 'resume':
        await container.unpause();
        return;
      case 'restart':
        await container.restart();
        return;
    }
  }

  /** Where a port is published on this machine; asked anew, because a start may publish it elsewhere. */
  async published(name: string, port: number): Promise<Address> {
    const { NetworkSettings } = await this.#container(name).inspect();
    const [binding] = NetworkSettings.Ports[`${port}/tcp`] ?? [];
    if (binding === undefined) throw new EnvironmentError(`container ${name} does not publish port ${port}`);
    return { host: binding.HostIp, port: Number(binding.HostPort) };
  }

  async running(): Promise<RunningContainer[]> {
    const { client, id } = this.#options;
    const filters = { label: [`${ENVIRONMENT_LABEL}=${id}`], status: ['running'] };
    const containers = await client.container.dockerode.listContainers({ filters });
    return containers.map(({ Id, Names }) => ({ id: Id, name: Names[0]?.replace(`/${id}-`, '') ?? Id }));
  }

  /** Removes everything; what cannot be removed now is left to the watcher. @throws EnvironmentError then */
  async end(): Promise<void> {
    const { client, id } = this.#options;
    try {
      const held = await sweep(client.container.dockerode, id, 0, SWEEP_LIMIT_MS);
      if (held.length > 0) {
        process.emitWarning(
          `Docker keeps the empty network ${held.join(', ')}: it counts an endpoint that no container has. Restart Docker, then: docker network rm ${held.join(' ')}`,
        );
      }
    } catch (error) {
      this.#watch.abandon();
      throw new EnvironmentError(`containers of ${id} could not be removed: ${messageOf(error)}`);
    }
    await this.#watch.end();
  }

  #container(name: string): ReturnType<ContainerRuntimeClient['container']['getById']> {
    const id = this.#ids.get(name);
    if (id === undefined) throw new EnvironmentError(`container ${name} has not been started`);
    return this.#options.client.container.getById(id);
  }
}
