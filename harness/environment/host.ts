/**
 * The host: one process per environment. It holds the links, owns PostgreSQL, the stand-ins and the
 * target as children, and shares a pipe with the rig. When that pipe closes, however the rig died, it
 * heals, ends its children, removes its folder and exits: the pipe is the lease on every fault.
 * Links live here, outside the process that judges, so a pause there is never taken for latency.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Address, Upstream } from '../link/address.ts';
import { parseAddress } from '../link/address.ts';
import { buildApi } from '../link/api/server.ts';
import { EventFeed } from '../link/feed.ts';
import { Link } from '../link/link.ts';
import { findToxiproxy } from '../link/toxiproxy-binary.ts';
import { type Command, type LinkConfig, nextLink } from '../model/config.ts';
import { messageOf, UsageError } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { seedFor } from '../model/random.ts';
import type { ProcessAction } from '../model/scenario.ts';
import type { StubConfig } from '../model/stub.ts';
import { type Clock, clockFrom } from '../model/time.ts';
import { announcedUrl } from './announced.ts';
import { takeAudit } from './audit.ts';
import { Child, killAllChildren } from './child.ts';
import { type Dependency, foreignDependency, ownDependency } from './dependency.ts';
import { Disturbances } from './disturbance.ts';
import { freePort } from './free-port.ts';
import { watchMachine } from './machine.ts';
import { HostCommand, type HostMessage, HostStart } from './messages.ts';
import { Names, nameOf } from './names.ts';
import { carryOutOperation } from './operation.ts';
import { startPgbouncer } from './pgbouncer.ts';
import { copyCluster, postgresUrl, preparedCluster, startPostgres } from './postgres.ts';
import { Target } from './target.ts';
import { fill, fillAll } from './template.ts';
import { OwnedToxiproxy } from './toxiproxy.ts';

const LOOPBACK = '127.0.0.1';
const STUB = path.join(import.meta.dirname, 'stub.ts');

/** Every process of a run carries its id here, so that whoever looks at a machine can tell whose it is. */
const RUN_VARIABLE = 'TRIPCURVE_RUN';

/** How long an operation before the target's start may take: it may load data. */
const BEFORE_LIMIT_MS = 60_000;

/** Events wait this long for company, so that a busy link does not write a line each. */
const BATCH_MS = 20;

class Host {
  readonly #start: HostStart;
  readonly #now: Clock;
  readonly #links = new Map<string, Link>();
  readonly #values: Record<string, string>;
  readonly #dependencies = new Map<string, Dependency>();
  #target: Target | null = null;
  #toxiproxy: OwnedToxiproxy | null = null;
  #names: Names | null = null;
  readonly #disturbances: Disturbances;
  readonly #feed = new EventFeed();
  readonly #api = buildApi({
    links: this.#links,
    feed: this.#feed,
    now: () => this.#now(),
    makeLink: (name, listen, upstream, protocol) => this.#makeLink(name, listen, upstream, protocol),
    warn: (text) => this.#emit({ kind: 'note', t: this.#now(), text }),
  });
  #batch: Unnumbered<HistoryEvent>[] = [];
  #batchTimer: NodeJS.Timeout | undefined;
  readonly #stopWatching: () => void;

  constructor(start: HostStart) {
    this.#start = start;
    this.#now = clockFrom(BigInt(start.originNs));
    this.#values = { run: start.run, dir: start.dir };
    this.#stopWatching = watchMachine(this.#now, this.#emit);
    this.#disturbances = new Disturbances({
      config: start.config,
      cwd: start.cwd,
      logDir: start.logDir,
      env: { [RUN_VARIABLE]: start.run },
      values: () => this.#values,
      now: this.#now,
      emit: this.#emit,
    });
  }

  /** Brings everything up: dependencies, links, then the target behind the links. */
  async up(): Promise<void> {
    const { config, dir, logDir, instances, movesTarget, before } = this.#start;
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o711); // PostgreSQL runs as another user than root and must reach its folder
    await mkdir(logDir, { recursive: true });
    if (this.#start.links === 'toxiproxy') await this.#toxiproxyUp();
    if (this.#start.hidesNames)
      this.#names = await Names.up(path.join(dir, 'names'), Object.keys(config.links));
    // What leads on to another link needs its address, so those that do not come first.
    const links = Object.entries(config.links);
    for (const leadsOn of [false, true]) {
      const these = links.filter(([, link]) => (nextLink(link) !== null) === leadsOn);
      await Promise.all(these.map(([name, link]) => this.#linkUp(name, link)));
    }
    await this.#api.listen({ host: LOOPBACK, port: 0 });

    const { start } = config.target;
    if (start === undefined)
      throw new UsageError('the config has no target.start, so there is nothing to start; try --env attach');
    this.#target = new Target(start, {
      instances,
      behindDoor: instances > 1 || movesTarget,
      entry: config.target,
      spawn: (command, instance, port) => this.#spawnTarget(command, instance, port),
    });
    for (const name of before) await this.#operate(name, BEFORE_LIMIT_MS);
    const entryUrl = await this.#target.up();
    const apiUrl = `http://${LOOPBACK}:${(this.#api.server.address() as AddressInfo).port}`;
    say({ say: 'up', entryUrl, apiUrl, toxiproxyUrl: this.#toxiproxy?.url ?? null });
  }

  /** Answers one command of the rig. */
  async obey(command: HostCommand): Promise<void> {
    if (command.do === 'down') {
      await this.down();
      return;
    }
    try {
      say({ say: 'done', id: command.id, result: await this.#carryOut(command), error: null });
    } catch (error) {
      say({ say: 'done', id: command.id, result: null, error: messageOf(error) });
    }
  }

  async #carryOut(command: Exclude<HostCommand, { do: 'down' }>): Promise<Record<string, unknown>> {
    switch (command.do) {
      case 'audit':
        return takeAudit(this.#start.config, command.name, this.#values, this.#start.cwd);
      case 'process':
        await this.#process(command.link, command.action);
        return {};
      case 'disturb':
        if (command.what === 'begin') await this.#disturbances.begin(command.fault, command.name);
        else await this.#disturbances.end(command.fault);
        return {};
      case 'operate':
        return { printed: await this.#operate(command.name, command.limitMs) };
      case 'restart-toxiproxy':
        await this.#toxiproxy?.restart();
        return {};
    }
  }

  /** Heals, ends the target first and then what it depends on, tells the last events, removes the folder. */
  async down(): Promise<void> {
    this.#stopWatching();
    await this.#disturbances.endAll();
    await this.#target?.stop();
    await Promise.all([...this.#dependencies.values()].map((dependency) => dependency.stop()));
    await this.#toxiproxy?.stop();
    await this.#api.close();
    await Promise.all([...this.#links.values()].map((link) => link.dispose()));
    this.#flush();
    await rm(this.#start.dir, { recursive: true, force: true });
  }

  /** As {@link down}, when nobody is left to be polite for. */
  async vanish(): Promise<void> {
    await killAllChildren();
    await rm(this.#start.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #toxiproxyUp(): Promise<void> {
    const { file } = await findToxiproxy();
    this.#toxiproxy = await OwnedToxiproxy.up(await freePort(), (port) =>
      this.#spawn('toxiproxy', [file, '-host', LOOPBACK, '-port', String(port)], {}),
    );
  }

  async #linkUp(name: string, config: LinkConfig): Promise<void> {
    const dependency = await this.#dependencyUp(name, config.dependency);
    this.#dependencies.set(name, dependency);
    // A real Toxiproxy stands behind our link, which then only watches and injects what is above TCP.
    const upstream = (await this.#toxiproxy?.proxy(name, dependency.upstream)) ?? dependency.upstream;
    const link = this.#makeLink(name, { host: LOOPBACK, port: 0 }, upstream, config.protocol);
    await link.enable();
    this.#links.set(name, link);
    const host = this.#names === null ? link.listen.host : nameOf(name);
    this.#setValues('link', name, config, { host, port: link.listen.port });
    this.#setValues('dependency', name, config, dependency.upstream);
  }

  #setValues(prefix: 'link' | 'dependency', name: string, config: LinkConfig, address: Address): void {
    this.#values[`${prefix}.${name}.host`] = address.host;
    this.#values[`${prefix}.${name}.port`] = String(address.port);
    this.#values[`${prefix}.${name}.url`] =
      config.protocol === 'postgres' ? postgresUrl(address) : `http://${address.host}:${address.port}`;
  }

  /** Does something to the process behind a link; where it is started anew, the link follows it. */
  async #process(name: string, action: ProcessAction): Promise<void> {
    const dependency = this.#dependencies.get(name);
    const config = this.#start.config.links[name];
    if (dependency === undefined || config === undefined) throw new UsageError(`no link "${name}"`);
    if (action === 'hide-name' || action === 'show-name') {
      await this.#names?.show(name, action === 'show-name');
      return;
    }
    const before = dependency.upstream;
    await dependency.act(action);
    if (dependency.upstream === before) return;
    this.#setValues('dependency', name, config, dependency.upstream);
    if (this.#toxiproxy !== null) await this.#toxiproxy.redirect(name, dependency.upstream);
    else this.#links.get(name)?.redirect(dependency.upstream);
  }

  async #dependencyUp(name: string, dependency: LinkConfig['dependency']): Promise<Dependency> {
    if ('address' in dependency) {
      const { address, tls } = dependency;
      return foreignDependency(name, { ...parseAddress(address), ...(tls === undefined ? {} : { tls }) });
    }
    if ('process' in dependency || 'stub' in dependency) {
      // What a stub answers is the user's text, and may look like a placeholder.
      const { command, env: filled } =
        'stub' in dependency
          ? stubCommand(dependency.stub)
          : {
              command: dependency.process.command,
              env: fillAll(dependency.process.env, this.#values, `links.${name}.dependency.process.env`),
            };
      return ownDependency(async () => {
        const child = this.#spawn(name, command, filled);
        const url = new URL(await announcedUrl(child));
        return { child, address: { host: url.hostname, port: Number(url.port) } };
      });
    }
    const { dir, cacheDir, cwd, run } = this.#start;
    const owner = { now: this.#now, emit: this.#emit, logFile: path.join(this.#start.logDir, `${name}.log`) };
    if ('pgbouncer' in dependency) {
      const { link, settings } = dependency.pgbouncer;
      const server = this.#links.get(link)?.listen;
      if (server === undefined) throw new UsageError(`links.${name}: no link "${link}" to lead on to`);
      const options = { name, dir: path.join(dir, `pgbouncer-${name}`), server, settings };
      return ownDependency(() => startPgbouncer(options, { ...owner, env: { [RUN_VARIABLE]: run } }));
    }
    const prepared = await preparedCluster({ cacheDir, workDir: dir, cwd, ...dependency.postgres }, owner);
    const dataDir = path.join(dir, `postgres-${name}`);
    await copyCluster(prepared, dataDir);
    return ownDependency(async () => {
      const { child, port } = await startPostgres(dataDir, owner);
      return { child, address: { host: LOOPBACK, port } };
    }, 'SIGINT'); // its "fast" shutdown: SIGTERM would wait for every client to leave
  }

  #spawn(name: string, command: readonly string[], env: Record<string, string>, endsByItself = false): Child {
    const { cwd, logDir, run } = this.#start;
    const filled = command.map((word) => fill(word, this.#values, `command of ${name}`));
    const logFile = path.join(logDir, `${name}.log`);
    return new Child({
      name,
      command: filled,
      env: { ...env, [RUN_VARIABLE]: run },
      cwd,
      logFile,
      endsByItself,
      now: this.#now,
      emit: this.#emit,
    });
  }

  #spawnTarget(start: Command, instance: number, port: string): Child {
    const { config, profile, mutant, instances } = this.#start;
    const { name, mutantEnv } = config.target;
    const values = { ...this.#values, instance: String(instance), port };
    const env = {
      ...fillAll(start.env, values, 'target.start.env'),
      ...fillAll(config.profiles[profile]?.env ?? {}, values, `profiles.${profile}.env`),
      ...(mutant === null || mutantEnv === undefined ? {} : { [mutantEnv]: mutant }),
    };
    const filled = start.command.map((word) => fill(word, values, 'target.start.command'));
    const command = this.#names?.wrap(filled) ?? filled;
    return this.#spawn(instances === 1 ? name : `${name}-${instance}`, command, env);
  }

  async #operate(name: string, limitMs: number): Promise<string> {
    const operation = this.#start.config.operations[name];
    const target = this.#target;
    if (operation === undefined || target === null) throw new UsageError(`no operation "${name}"`);
    return carryOutOperation(operation, {
      name,
      limitMs,
      target,
      spawn: ({ command, env }) =>
        this.#spawn(name, command, fillAll(env, this.#values, `operations.${name}.env`), true),
    });
  }

  #makeLink(name: string, listen: Address, upstream: Upstream, protocol: Link['protocol']): Link {
    const seed = seedFor(this.#start.seed, `link ${name}`);
    return new Link({ name, listen, upstream, protocol, seed, now: this.#now, emit: this.#emit });
  }

  readonly #emit = (event: Unnumbered<HistoryEvent>): void => {
    this.#feed.emit(event);
    this.#batch.push(event);
    this.#batchTimer ??= setTimeout(() => this.#flush(), BATCH_MS);
  };

  #flush(): void {
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    if (this.#batch.length > 0) say({ say: 'events', events: this.#batch });
    this.#batch = [];
  }
}

function stubCommand({ answers }: StubConfig): Command {
  return { command: [process.execPath, STUB], env: { STUB_ANSWERS: JSON.stringify(answers) } };
}

function say(message: HostMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  let host: Host | undefined;
  let starting: Promise<void> = Promise.resolve();
  // Ctrl-C in a terminal reaches the whole group; the rig decides, and tells us over the pipe.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.stdout.on('error', () => {}); // the rig is gone; its pipe's other end tells us so below

  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const message: unknown = JSON.parse(line);
    if (host === undefined) {
      host = new Host(HostStart.parse(message));
      starting = host.up().catch((error: unknown) => {
        say({ say: 'failed', why: messageOf(error), usage: error instanceof UsageError });
      });
      return;
    }
    const here = host;
    const command = HostCommand.parse(message);
    void here.obey(command).then(() => {
      if (command.do === 'down') process.exit(0);
    });
  });
  lines.on('close', () => {
    void (async () => {
      await host?.vanish();
      // A start that was under way may have begun another child meanwhile.
      await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, 1_000))]);
      await host?.vanish();
      process.exit(0);
    })();
  });
}

void main();
