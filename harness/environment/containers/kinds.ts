/**
 * Containers as every environment here wants them: labelled, contained, published on loopback only. The only
 * file besides the sweep that knows Testcontainers; loaded when it is needed, because not everybody has it.
 */
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { ToxiProxyContainer } from '@testcontainers/toxiproxy';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { ENVIRONMENT_LABEL, RUN_LABEL } from './sweep.ts';

/** Whose a container is, and how it is called. */
export interface Belonging {
  /** Its name on its network, and in logs. */
  name: string;
  environment: string;
  run: string;
  network: string;
  /** Its output is kept here. */
  logDir: string;
}

const LOOPBACK = '127.0.0.1';
const READY_LIMIT_MS = 60_000;
/** How often a container that comes up is asked whether it is ready. */
const ASK_EVERY_MS = 200;
const TOXIPROXY_API_PORT = 8474;

/** As in docker-compose.yml: one core each, or the scheduler's pauses would look like latency that somebody injected. */
const CPUS = 1;
const PIDS_MAX = 128;
const MEMORY_GB = 0.25;
const DATABASE_MEMORY_GB = 0.5;

/** What Testcontainers keeps to its subclasses, as far as we set it. */
interface HostConfig {
  PortBindings?: unknown;
  Init?: boolean | undefined;
  PidsLimit?: number | undefined;
}

/** Sets what Testcontainers' own options do not reach. */
function contain(hostConfig: HostConfig, ports: readonly unknown[]): void {
  hostConfig.Init = true;
  hostConfig.PidsLimit = PIDS_MAX;
  // Left to itself, Testcontainers publishes on every interface.
  hostConfig.PortBindings = Object.fromEntries(
    ports.map((port) => [`${port}/tcp`, [{ HostIp: LOOPBACK, HostPort: '0' }]]),
  );
}

/** The only network it is on. With Testcontainers' own aliases it would be on the default one too, where all meet. */
function endpoints({ network, name }: Belonging): object {
  return { EndpointsConfig: { [network]: { Aliases: [name] } } };
}

function belong(container: GenericContainer, { name, environment, run, network, logDir }: Belonging): void {
  container
    .withLabels({ [ENVIRONMENT_LABEL]: environment, [RUN_LABEL]: run })
    .withName(`${environment}-${name}`)
    .withNetworkMode(network)
    .withSecurityOpt('no-new-privileges:true')
    .withLogConsumer((stream) => {
      stream.on('error', () => {}); // ends with its container
      stream.pipe(createWriteStream(path.join(logDir, `${name}.log`), { flags: 'a' }));
    });
}

class Plain extends GenericContainer {
  constructor(image: string, belonging: Belonging) {
    super(image);
    belong(this, belonging);
    this.createOpts.NetworkingConfig = endpoints(belonging);
  }

  override start(): Promise<StartedTestContainer> {
    contain(this.hostConfig, this.exposedPorts);
    return super.start();
  }
}

class Postgres extends PostgreSqlContainer {
  constructor(image: string, belonging: Belonging) {
    super(image);
    belong(this, belonging);
    this.createOpts.NetworkingConfig = endpoints(belonging);
  }

  override start(): ReturnType<PostgreSqlContainer['start']> {
    contain(this.hostConfig, this.exposedPorts);
    return super.start();
  }
}

class Toxiproxy extends ToxiProxyContainer {
  constructor(image: string, belonging: Belonging) {
    super(image);
    belong(this, belonging);
    this.createOpts.NetworkingConfig = endpoints(belonging);
    // Not the 32 ports for proxies: nobody outside needs them, and each would be a process of Docker's.
    this.exposedPorts = [TOXIPROXY_API_PORT];
    this.createOpts.ExposedPorts = { [`${TOXIPROXY_API_PORT}/tcp`]: {} };
  }

  override start(): ReturnType<ToxiProxyContainer['start']> {
    contain(this.hostConfig, this.exposedPorts);
    return super.start();
  }
}

export interface PlainOptions {
  image: string;
  command?: readonly string[] | undefined;
  env?: Readonly<Record<string, string>>;
  port: number;
  readyPath: string;
  /** Files to be there before it starts, by path. */
  files?: Readonly<Record<string, string>>;
}

/** A container that serves HTTP. */
export function plain(belonging: Belonging, options: PlainOptions): Promise<StartedTestContainer> {
  const { image, command, env = {}, port, readyPath, files = {} } = options;
  const container = new Plain(image, belonging)
    .withEnvironment(env)
    .withExposedPorts(port)
    .withDroppedCapabilities('ALL')
    .withResourcesQuota({ cpu: CPUS, memory: MEMORY_GB })
    .withCopyContentToContainer(Object.entries(files).map(([target, content]) => ({ target, content })))
    .withWaitStrategy(Wait.forHttp(readyPath, port).withReadTimeout(ASK_EVERY_MS))
    .withStartupTimeout(READY_LIMIT_MS);
  if (command !== undefined) container.withCommand([...command]);
  return container.start();
}

/** Runs a container to its end. @throws where it does not end with code 0 */
export async function toItsEnd(
  belonging: Belonging,
  { image, command, env = {} }: Pick<PlainOptions, 'image' | 'command' | 'env'>,
): Promise<void> {
  const container = new Plain(image, belonging)
    .withEnvironment(env)
    .withDroppedCapabilities('ALL')
    .withResourcesQuota({ cpu: CPUS, memory: MEMORY_GB })
    .withWaitStrategy(Wait.forOneShotStartup())
    .withStartupTimeout(READY_LIMIT_MS);
  if (command !== undefined) container.withCommand([...command]);
  await container.start();
}

/** An empty PostgreSQL that asks for no password: only its network and this machine's loopback reach it. */
export function postgres(
  belonging: Belonging,
  { image, role, database }: { image: string; role: string; database: string },
): Promise<StartedTestContainer> {
  const container = new Postgres(image, belonging)
    .withUsername(role)
    .withDatabase(database)
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust' })
    .withResourcesQuota({ cpu: CPUS, memory: DATABASE_MEMORY_GB });
  return container.start();
}

/** A real Toxiproxy. @param proxies its config file, so that they are there again when it is started anew */
export function toxiproxy(
  belonging: Belonging,
  { image, proxies }: { image: string; proxies: readonly object[] },
): Promise<StartedTestContainer> {
  const file = '/etc/toxiproxy.json';
  const container = new Toxiproxy(image, belonging)
    .withCommand(['-host=0.0.0.0', `-config=${file}`])
    .withCopyContentToContainer([{ target: file, content: JSON.stringify(proxies) }])
    .withDroppedCapabilities('ALL')
    .withResourcesQuota({ cpu: CPUS, memory: MEMORY_GB })
    .withWaitStrategy(Wait.forHttp('/version', TOXIPROXY_API_PORT).withReadTimeout(ASK_EVERY_MS));
  return container.start();
}
