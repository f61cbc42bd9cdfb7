/**
 * A rehearsal: an environment that stays up under background traffic while a person injects and lifts
 * faults by hand. It records all of it as a history; every fault has a longest duration.
 */
import type { Environment, Running } from '../environment/environment.ts';
import { Recorder } from '../history/recorder.ts';
import { resolveFault } from '../link/faults.ts';
import { driveLoad } from '../load/engine.ts';
import type { LoadOptions } from '../load/load-engine.ts';
import { planLoad } from '../load/plan.ts';
import { type Config, factsOf } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { HISTORY_VERSION, type History, type HistoryEvent, type Unnumbered } from '../model/history.ts';
import type { BreakerState, Policy } from '../model/policy.ts';
import { seedFor } from '../model/random.ts';
import type { LinkEngine, Scenario, Step, Traffic } from '../model/scenario.ts';
import { type Clock, clockFrom, type Ms, type Nanoseconds, toMs, toNs } from '../model/time.ts';
import { waitOrAbort } from '../model/wait.ts';
import { watchAllBreakers } from '../probe/breakers.ts';
import { declaredBy } from '../probe/resilience.ts';
import { recent, type View, viewOf } from './view.ts';

/** A fault lasts no longer than this unless it is said how long. */
export const FAULT_MS_DEFAULT: Ms = 60_000;

const LEASE_SLACK_MS: Ms = 2_000;

/** The load is planned in pieces of this length, for nobody knows how long a rehearsal will be. */
const PIECE_MS = 20_000;

export interface SessionOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  links: LinkEngine;
  run: string;
  seed: number;
  logDir: string;
  profile: string;
  traffic: Traffic;
}

interface Armed {
  link: string;
  name: string;
  fault: Fault;
  fromT: Nanoseconds;
  timer: NodeJS.Timeout;
}

/** What was done, for the time line of the scenario it can become. */
interface Done {
  link: string;
  fault: Fault;
  fromT: Nanoseconds;
  toT: Nanoseconds;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #running: Running;
  readonly #now: Clock;
  readonly #recorder: Recorder;
  readonly #stop = new AbortController();
  readonly #startedAt = new Date();
  readonly #armed = new Map<string, Armed>();
  readonly #done: Done[] = [];
  readonly #told = new Map<string, BreakerState>();
  #recent: Unnumbered<HistoryEvent>[] = [];
  #faultCount = 0;
  #loadStartT = 0;
  #declared: Record<string, Policy> = {};
  #driving: Promise<void>[] = [];

  /** Settles when the environment is lost. */
  get lost(): Promise<string> {
    return this.#running.lost;
  }

  get entryUrl(): string {
    return this.#running.entryUrl;
  }

  private constructor(options: SessionOptions, running: Running, now: Clock, recorder: Recorder) {
    this.#options = options;
    this.#running = running;
    this.#now = now;
    this.#recorder = recorder;
  }

  /** Brings the environment up and lets the traffic begin. @throws EnvironmentError or UsageError */
  static async begin(options: SessionOptions): Promise<Session> {
    const originNs = process.hrtime.bigint();
    const now = clockFrom(originNs);
    const recorder = new Recorder();
    let session: Session | undefined;
    const { config, cwd, environment, links, run, seed, logDir, profile } = options;
    const running = await environment.up({
      config,
      cwd,
      profile,
      mutant: null,
      links,
      hidesNames: false,
      run,
      seed,
      logDir,
      originNs,
      now,
      emit: (event) => (session === undefined ? recorder.record(event) : session.#see(event)),
    });
    session = new Session(options, running, now, recorder);
    await session.#start();
    return session;
  }

  /**
   * Arms a fault; it is lifted after `forMs` at the latest, by the link itself where it is one of its own.
   * @throws UsageError where link or fault are wrong
   */
  async inject(link: string, fault: Fault, forMs: Ms): Promise<string> {
    const { config, environment, links } = this.#options;
    const protocol = config.links[link]?.protocol;
    if (protocol === undefined)
      throw new UsageError(`no link "${link}"; one of ${Object.keys(config.links).join(', ')}`);
    const name = `r${++this.#faultCount}-${fault.type}`;
    resolveFault(fault, name, protocol, `${fault.type} on ${link}`);
    const why = environment.cannot({ at: 0, inject: fault, on: link }, links, config);
    if (why !== null) throw new UsageError(`${fault.type} on ${link}: ${why}`);
    const timer = setTimeout(() => void this.#lift(name).catch(() => {}), forMs);
    this.#armed.set(name, { link, name, fault, fromT: this.#now(), timer });
    try {
      // The link's own lease outlasts our timer a little: it is there should this process hang.
      const leased = links === 'embedded' ? { ...fault, expiresMs: forMs + LEASE_SLACK_MS } : fault;
      await this.#running.inject(link, name, leased);
    } catch (error) {
      clearTimeout(timer);
      this.#armed.delete(name);
      throw error;
    }
    return name;
  }

  /** Lifts the faults of a link, or all; their names. */
  async restore(link: string | 'all'): Promise<string[]> {
    const { links } = this.#options.config;
    if (link !== 'all' && links[link] === undefined)
      throw new UsageError(`no link "${link}"; one of ${Object.keys(links).join(', ')}`);
    const due = [...this.#armed.values()].filter((armed) => link === 'all' || armed.link === link);
    for (const { name } of due) await this.#lift(name);
    return due.map(({ name }) => name);
  }

  note(text: string): void {
    this.#see({ kind: 'note', t: this.#now(), text });
  }

  view(): View {
    const now = this.#now();
    this.#recent = recent(this.#recent, now);
    const faults = new Map(Object.keys(this.#options.config.links).map((link) => [link, [] as string[]]));
    for (const { link, name } of this.#armed.values()) faults.get(link)?.push(name);
    const view = viewOf(this.#recent, now, factsOf(this.#options.config).requests, faults, this.#told);
    return { ...view, atMs: Math.round(toMs(now - this.#loadStartT)) };
  }

  /** Heals, ends the load, takes the environment down. The history; null where nothing was injected. */
  async end(): Promise<History | null> {
    try {
      await this.restore('all');
      this.#see({ kind: 'residue', t: this.#now(), left: await this.#running.residue() });
    } finally {
      this.#stop.abort();
      await Promise.allSettled(this.#driving);
      await this.#running[Symbol.asyncDispose]();
    }
    const endT = this.#now();
    const scenario = this.#scenario(endT);
    if (scenario === null) return null;
    const { run, seed, environment, links, config } = this.#options;
    const phase = (name: 'steady' | 'end', t: Nanoseconds): void =>
      this.#recorder.record({ kind: 'phase', t, phase: name });
    phase('steady', this.#loadStartT);
    phase('end', endT);
    return this.#recorder.history({
      tripcurve: 'history',
      version: HISTORY_VERSION,
      run,
      scenario,
      seed,
      environment: environment.name,
      links,
      load: 'embedded',
      mutant: null,
      impossible: [],
      unwatched: environment.unwatched?.(config) ?? null,
      ...factsOf(config),
      declared: this.#declared,
      startedAt: this.#startedAt.toISOString(),
    });
  }

  async #start(): Promise<void> {
    const { target } = this.#options.config;
    const { entryUrl } = this.#running;
    this.#declared = await declaredBy(target, entryUrl);
    const see = (event: Unnumbered<HistoryEvent>): void => this.#see(event);
    this.#driving.push(watchAllBreakers(target, entryUrl, this.#now, see, this.#stop.signal));
    this.#loadStartT = this.#now();
    this.#driving.push(this.#drive());
  }

  /** Piece after piece of the load; stragglers of one do not hold up the next. */
  async #drive(): Promise<void> {
    const { config, run, seed, traffic } = this.#options;
    for (let piece = 0; !this.#stop.signal.aborted; piece++) {
      const startT = this.#loadStartT + toNs(piece * PIECE_MS);
      const load: LoadOptions = {
        entryUrl: this.#running.entryUrl,
        plan: planLoad(traffic, config, PIECE_MS, seedFor(seed, `piece ${piece}`), `${run}-${piece}`),
        startT,
        traffic,
        served: config.served,
        links: Object.keys(config.links),
        now: this.#now,
        emit: (event) => this.#see(event),
        signal: this.#stop.signal,
      };
      this.#driving.push(driveLoad(load));
      await waitOrAbort(toMs(startT + toNs(PIECE_MS) - this.#now()), this.#stop.signal);
    }
  }

  async #lift(name: string): Promise<void> {
    const armed = this.#armed.get(name);
    if (armed === undefined) return;
    clearTimeout(armed.timer);
    await this.#running.lift(armed.link, name);
    this.#armed.delete(name);
    const { link, fault, fromT } = armed;
    this.#done.push({ link, fault, fromT, toT: this.#now() });
  }

  #see(event: Unnumbered<HistoryEvent>): void {
    this.#recorder.record(event);
    this.#recent.push(event);
    if (event.kind === 'breaker') this.#told.set(event.link, event.to);
  }

  /** What was done, as the scenario that would do it again; null where nothing was. */
  #scenario(endT: Nanoseconds): Scenario | null {
    if (this.#done.length === 0) return null;
    const { traffic, profile } = this.#options;
    const at = (t: Nanoseconds): Ms => Math.round(toMs(t - this.#loadStartT));
    const timeline: Step[] = this.#done
      .toSorted((a, b) => a.fromT - b.fromT)
      .map(({ link, fault, fromT, toT }) => ({
        at: at(fromT),
        inject: fault,
        on: link,
        forMs: Math.max(1, at(toT) - at(fromT)),
      }));
    const healedMs = Math.max(...this.#done.map(({ toT }) => at(toT)));
    const links = [...new Set(this.#done.map(({ link }) => link))];
    const judged = links.filter((link) => (this.#declared[link]?.breaker ?? null) !== null);
    return {
      name: 'rehearsal',
      about: 'An outage that was rehearsed by hand.',
      profile,
      tags: [],
      traffic,
      steadyState: [{ check: 'success-ratio', atLeast: 0.99 }],
      timeline,
      recovery: { withinMs: Math.max(1, at(endT) - healedMs) },
      expect:
        judged.length === 0
          ? [{ check: 'success-ratio', atLeast: 0.99 }]
          : judged.map((link) => ({ check: 'breaker-recovers', link })),
    };
  }
}
