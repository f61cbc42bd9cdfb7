/**
 * A target that runs already, with somebody's Toxiproxy before its dependencies, or links of ours, or both.
 * Nothing is started here but a guardian; only what the run has made is undone, and everything is left as
 * it was found.
 */
import { BorrowedLinks } from '../link/borrowed.ts';
import { type Dialect, type Found, faultOf } from '../link/made.ts';
import { beyondToxiproxy } from '../link/real-toxiproxy.ts';
import { TOXICS } from '../link/toxics/registry.ts';
import { shownAt } from '../link/undo.ts';
import type { AttachConfig, Config } from '../model/config.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { nearest } from '../model/validate.ts';
import { beyondLoopback, hostOf, isLoopback } from './allowed.ts';
import { takeAudit } from './audit.ts';
import { watchEntry } from './entry.ts';
import { type Blueprint, type Environment, NO_OPERATIONS, type Running } from './environment.ts';
import { type EventStream, followEvents } from './event-stream.ts';
import { Guard } from './guard.ts';
import { watchMachine } from './machine.ts';

const CALL_TIMEOUT_MS = 5_000;

/** Types of fault that a Toxiproxy without links before it can inject, beside its toxics. */
const DOWN = 'down';

export const attach: Environment = {
  name: 'attach',
  linksDefault: 'toxiproxy',
  linksFor: ({ attach: config }) => (config?.toxiproxy === undefined ? 'embedded' : 'toxiproxy'),
  parallelMax: 1,
  isThere: true,
  unwatched: ({ attach: config }) =>
    config === undefined || config.links !== undefined
      ? null
      : 'nobody watches the links: a Toxiproxy alone does not tell what passes it; put links before it (docs/attach.md)',
  asks: (config) => beyondLoopback(checkedAttach(config)),
  cannot(step, links, { attach: config }) {
    if (config === undefined) return null; // `up` says so
    if ('disturb' in step) return 'what a dependency holds is not ours to disturb here: nothing was started';
    if ('process' in step) return 'processes and names are not ours here: nothing was started';
    if ('operate' in step) return NO_OPERATIONS;
    if (!('inject' in step)) return null;
    const api = links === 'toxiproxy' ? config.toxiproxy : config.links;
    if (api === undefined) return null;
    if (api.proxies[step.on] === undefined) return `no proxy stands for link ${step.on}`;
    if (links === 'embedded') return null;
    const why = beyondToxiproxy(step.inject);
    if (why !== null) return why;
    const { type } = step.inject;
    if (config.links === undefined && type !== DOWN && !TOXICS.has(type))
      return `a Toxiproxy alone knows nothing above TCP, so it cannot inject ${type}`;
    return null;
  },
  async up(blueprint) {
    const attached = new Attached(blueprint, checkedAttach(blueprint.config));
    try {
      return await attached.up();
    } catch (error) {
      await attached.end();
      throw error;
    }
  },
};

/** The config's section, where it makes sense. @throws UsageError */
export function checkedAttach({ attach: config, links }: Config): AttachConfig {
  const where = 'tripcurve.config.ts: attach';
  if (config === undefined) throw new UsageError(`${where} is not set, so there is nothing to attach to`);
  const apis = { toxiproxy: config.toxiproxy, links: config.links };
  if (apis.toxiproxy === undefined && apis.links === undefined)
    throw new UsageError(`${where} has neither toxiproxy nor links, so there is nothing to inject with`);
  for (const [name, api] of Object.entries(apis)) {
    if (api === undefined) continue;
    if (Object.keys(api.proxies).length === 0) throw new UsageError(`${where}.${name}.proxies is empty`);
    for (const link of Object.keys(api.proxies)) {
      const near = nearest(link, Object.keys(links));
      const hint = near === undefined ? `one of ${Object.keys(links).join(', ')}` : `did you mean "${near}"?`;
      if (links[link] === undefined)
        throw new UsageError(`${where}.${name}.proxies: no link "${link}"; ${hint}`);
    }
  }
  for (const link of Object.keys(apis.toxiproxy?.proxies ?? {}))
    if (apis.links !== undefined && apis.links.proxies[link] === undefined)
      throw new UsageError(`${where}.links.proxies: "${link}" is missing, which toxiproxy.proxies has`);
  return config;
}

class Attached {
  readonly #blueprint: Blueprint;
  readonly #config: AttachConfig;
  readonly #isWatched: boolean;
  #guard: Guard | null = null;
  #faults: BorrowedLinks | null = null;
  #events: EventStream | null = null;
  #stops: (() => void)[] = [];

  constructor(blueprint: Blueprint, config: AttachConfig) {
    this.#blueprint = blueprint;
    this.#config = config;
    this.#isWatched = config.links !== undefined;
  }

  async up(): Promise<Running> {
    const { config: all, cwd, logDir, run, mutant, now, emit, links: engine } = this.#blueprint;
    const { entry, links, toxiproxy } = this.#config;
    if (mutant !== null)
      throw new UsageError(`--mutant ${mutant}: a target that runs already cannot be started as a mutant`);
    if (engine === 'toxiproxy' ? toxiproxy === undefined : links === undefined)
      throw new UsageError(
        `--links ${engine}: tripcurve.config.ts: attach.${engine === 'toxiproxy' ? 'toxiproxy' : 'links'} is not set`,
      );
    beyondLoopback(this.#config); // refuses what is not allowed, whoever calls
    const readyUrl = new URL(all.target.readyPath ?? '/', entry).href;
    await answersReady(readyUrl);
    const found = [...(await this.#found('links')), ...(await this.#found('toxiproxy'))];
    this.#areInLine(found);
    const guard = await Guard.start(cwd, logDir, { run, pid: process.pid, readyUrl, found });
    this.#guard = guard;
    const protocols = Object.fromEntries(
      Object.entries(all.links).map(([name, { protocol }]) => [name, protocol]),
    );
    this.#faults = new BorrowedLinks({
      run,
      links: links ?? null,
      toxiproxy: engine === 'toxiproxy' ? (toxiproxy ?? null) : null,
      protocols,
      found,
      note: (say, made) => guard.note({ say, made }),
      ...(this.#isWatched ? {} : { tell: (...told) => this.#tellFault(...told) }),
    });
    this.#stops.push(watchMachine(now, emit), watchEntry(entry, all.target.name, now, emit));
    if (links !== undefined) {
      const fromT = now();
      this.#events = await followEvents(links.url, now, (event) => this.#pass(event, fromT));
    }
    return this.#running(this.#faults, guard, found);
  }

  #running(faults: BorrowedLinks, guard: Guard, found: readonly Found[]): Running {
    const { config, cwd } = this.#blueprint;
    const { links } = this.#config;
    return {
      entryUrl: this.#config.entry,
      inject: (link, name, fault) => faults.inject(link, name, fault),
      lift: (link, name) => faults.lift(link, name),
      heal: (link) => faults.heal(link),
      process: async (link, _name, action) => {
        throw new EnvironmentError(`${action} of ${link}: processes are not ours here`);
      },
      // From afar its address may not be one of ours.
      ...(links === undefined || !isLoopback(links.url)
        ? {}
        : { linkUrl: async (link) => `http://${listenOf(found, links.proxies[link])}` }),
      disturb: (link, _fault, name) =>
        Promise.reject(
          new EnvironmentError(`the disturbance ${name} of ${link}: not possible in this environment`),
        ),
      residue: () => faults.residue(),
      audit: async (name) => {
        try {
          return { result: await takeAudit(config, name, this.#values(), cwd), error: null };
        } catch (error) {
          return { result: null, error: messageOf(error) };
        }
      },
      lost: Promise.race([guard.lost, ...(this.#events === null ? [] : [this.#events.lost])]),
      [Symbol.asyncDispose]: () => this.end(),
    };
  }

  /** Lifts what is left and lets go. @throws EnvironmentError where something stays; the guardian goes on then */
  async end(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#events?.close();
    const guard = this.#guard;
    this.#guard = null;
    try {
      await this.#faults?.heal('all');
    } catch (error) {
      guard?.abandon();
      throw new EnvironmentError(
        `${messageOf(error)}; the guardian goes on trying for two minutes, after that npx tripcurve heal does it`,
      );
    }
    await guard?.letGo();
  }

  /** The proxies that stand for links, as they are. @throws EnvironmentError where one is missing */
  async #found(dialect: Dialect): Promise<Found[]> {
    const api = this.#config[dialect];
    if (api === undefined) return [];
    const shown = await shownAt(api.url, CALL_TIMEOUT_MS);
    return Object.entries(api.proxies).map(([link, name]) => {
      const proxy = shown.find((one) => one.name === name);
      if (proxy === undefined)
        throw new EnvironmentError(
          `${api.url} has no proxy "${name}" for link ${link}; it has ${shown.map((one) => one.name).join(', ') || 'none'}`,
        );
      const { protocol } = this.#blueprint.config.links[link] ?? {};
      const reads = proxy.protocol ?? 'tcp';
      if (dialect === 'links' && reads !== protocol)
        throw new EnvironmentError(
          `${api.url}: proxy "${name}" reads ${reads}, but link ${link} is ${protocol}: make it with "protocol": "${protocol}"`,
        );
      return { url: api.url, dialect, proxy };
    });
  }

  /** A link that does not lead to the Toxiproxy would take its toxics for what hit its own traffic. */
  #areInLine(found: readonly Found[]): void {
    const { links, toxiproxy } = this.#config;
    if (links === undefined || toxiproxy === undefined) return;
    for (const [link, name] of Object.entries(toxiproxy.proxies)) {
      const behind = found.find((one) => one.dialect === 'toxiproxy' && one.proxy.name === name)?.proxy;
      const before = found.find((one) => one.dialect === 'links' && one.proxy.name === links.proxies[link]);
      if (behind === undefined || before === undefined) continue;
      const port = (address: string): string => address.slice(address.lastIndexOf(':'));
      // Hosts cannot be compared: each is named as seen from where it stands.
      if (port(before.proxy.upstream) !== port(behind.listen))
        throw new EnvironmentError(
          `link ${link}: ${before.proxy.name} leads to ${before.proxy.upstream}, but Toxiproxy's ${name} listens on ${behind.listen}: the one must stand before the other`,
        );
    }
  }

  #tellFault(...[what, link, fault, spec]: Parameters<NonNullable<Tell>>): void {
    const { now, emit } = this.#blueprint;
    emit({ kind: 'fault', t: now(), link, fault, what, spec });
  }

  /** An event of the links by the names of this run: of its links, and with its faults' own names. */
  #pass(event: Unnumbered<HistoryEvent>, fromT: number): void {
    // What was under way before is not of this run.
    if (event.t < fromT) return;
    const passed: Record<string, unknown> = { ...event };
    if ('link' in event) {
      const proxies = Object.entries(this.#config.links?.proxies ?? {});
      const link = proxies.find(([, proxy]) => proxy === event.link)?.[0];
      if (link === undefined) return;
      passed.link = link;
    }
    const { run, emit } = this.#blueprint;
    if ('fault' in event) passed.fault = faultOf(run, event.fault) ?? event.fault;
    if ('faults' in event) passed.faults = event.faults.map((name) => faultOf(run, name) ?? name);
    emit(passed as Unnumbered<HistoryEvent>);
  }

  #values(): Record<string, string> {
    const values: Record<string, string> = { run: this.#blueprint.run };
    for (const [name, url] of Object.entries(this.#config.dependencies)) {
      values[`dependency.${name}.url`] = url;
      values[`dependency.${name}.host`] = hostOf(url);
      values[`dependency.${name}.port`] = new URL(url).port;
    }
    return values;
  }
}

/** Where a proxy of our links listens. */
function listenOf(found: readonly Found[], proxy: string | undefined): string {
  const shown = found.find((one) => one.dialect === 'links' && one.proxy.name === proxy);
  if (shown === undefined)
    throw new UsageError('tripcurve.config.ts: attach.links.proxies: the link is missing');
  return shown.proxy.listen;
}

type Tell = ConstructorParameters<typeof BorrowedLinks>[0]['tell'];

/** Nothing is started here, so it must be up. @throws EnvironmentError where the target is not ready */
export async function answersReady(url: string): Promise<void> {
  let why: string;
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    if (status === 200) return;
    why = `answers ${status}`;
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    why = `does not answer: ${messageOf(cause ?? error)}`;
  }
  throw new EnvironmentError(`the target is not ready: ${url} ${why}`);
}
