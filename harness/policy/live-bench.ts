/** A bench on which a running target stands: its links inject and observe, its entry is called. */
import type { Running } from '../environment/environment.ts';
import { fillIn, headersOf } from '../load/plan.ts';
import { readsBody, servedOf } from '../load/served.ts';
import type { Config, LinkConfig } from '../model/config.ts';
import { within } from '../model/deadline.ts';
import { EnvironmentError, UsageError } from '../model/errors.ts';
import { Fault } from '../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { seededRandom, seedFor } from '../model/random.ts';
import { type Clock, type Ms, toMs } from '../model/time.ts';
import { waitOrAbort } from '../model/wait.ts';
import type { Asked, Attempt, Bench, Condition, Reply, Ways } from './bench.ts';
import { Caller } from './caller.ts';
import { HttpWire } from './wires/http.ts';
import { PostgresWire } from './wires/postgres.ts';
import { TcpWire } from './wires/tcp.ts';
import type { Asks, Sighting, Wire } from './wires/wire.ts';

const BARRIER_LIMIT_MS = 5_000;

/** A target has read by then that its connections are closed. */
const PARTING_MS = 30;
/** What is under way by itself is waited for so long, looked at so often. */
const PENDING_MS_MAX = 60;
const PENDING_LOOK_MS = 4;
/** An answer reaches its caller a little after the link has seen the end of it, and the other way round. */
const CALL_SLACK_MS = 5;
/** So many of the last calls of a kind say what it does on the link; the first may do more, to get to know things. */
const LEARNT_CALLS = 3;

const WIRES: Readonly<Record<LinkConfig['protocol'], new () => Wire>> = {
  http: HttpWire,
  postgres: PostgresWire,
  tcp: TcpWire,
};

/** Calls that are looked through for those under way when an attempt began. */
const RECENT_CALLS = 400;

/** A sighting, and the calls of ours that were under way when it began. */
interface Placed extends Sighting {
  during: readonly OwnCall[];
}

/** A call of ours. */
interface OwnCall {
  kind: string;
  trace: string;
  startMs: Ms;
  endMs: Ms;
  ok: boolean;
}

export interface LiveBenchOptions {
  running: Running;
  config: Config;
  link: string;
  /** Kinds of request to try, in this order; left out: all that need the link. */
  kinds?: readonly string[];
  run: string;
  seed: number;
  now: Clock;
  giveUpMs: Ms;
  /** Calls it off: whatever is under way fails with its reason. */
  signal: AbortSignal;
}

export class LiveBench implements Bench, AsyncDisposable {
  readonly link: string;
  readonly kinds: readonly string[];
  readonly ways: Ways;
  askedCount = 0;
  readonly #options: LiveBenchOptions;
  readonly #caller: Caller;
  readonly #originNs: bigint;
  readonly #random: () => number;
  readonly #wire: Wire;
  readonly #sightings: Placed[] = [];
  readonly #calls: OwnCall[] = [];
  readonly #traces = new Set<string>();
  /** True: the target hands on the trace of its caller, so that who has another was not made for a call of ours. */
  #handsOnTraces = false;
  readonly #learnt = new Map<string, Asks>();
  readonly #spoils = new Set<string>();
  readonly #barriers = new Map<string, () => void>();
  #armed: string[] = [];
  #faultCount = 0;

  /** @throws UsageError where the link is not there or no request uses it */
  constructor(options: LiveBenchOptions) {
    const { config, link, running, seed } = options;
    const configured = config.links[link];
    if (configured === undefined)
      throw new UsageError(`no link "${link}"; one of ${Object.keys(config.links).join(', ')}`);
    this.link = link;
    this.#wire = new WIRES[configured.protocol]();
    this.ways = this.#wire.ways;
    this.kinds = options.kinds ?? kindsFor(config, link);
    if (this.kinds.length === 0)
      throw new UsageError(`no request of the config needs ${link}, so nothing can be asked that uses it`);
    this.#options = options;
    this.#random = seededRandom(seedFor(seed, 'bench'));
    this.#originNs = process.hrtime.bigint() - BigInt(Math.round(options.now()));
    this.#caller = new Caller(running.entryUrl, readsBody(options.config.served));
  }

  /** To be called with every event of the environment. */
  see(event: Unnumbered<HistoryEvent>): void {
    if (event.kind === 'fault' && event.what === 'injected') this.#barriers.get(event.fault)?.();
    if (!('link' in event) || event.link !== this.link) return;
    for (const seen of this.#wire.see(event, (faults) => faults.some((fault) => this.#spoils.has(fault)))) {
      this.#handsOnTraces ||= seen.trace !== null && this.#traces.has(seen.trace);
      this.#sightings.push({ ...seen, during: this.#callsAt(seen.startMs) });
    }
  }

  now(): Ms {
    return toMs(this.#options.now());
  }

  async wait(ms: Ms): Promise<void> {
    this.#options.signal.throwIfAborted();
    await waitOrAbort(ms, this.#options.signal);
    this.#options.signal.throwIfAborted();
  }

  /** @param share of exchanges that are hit; only with conditions that {@link canHitSome} */
  async arm(condition: Condition, times?: number, share?: number): Promise<string | null> {
    this.#options.signal.throwIfAborted();
    await this.#lift();
    const about = this.#learnt.get(this.#calls.at(-1)?.kind ?? '');
    const injection = this.#wire.injection(condition, about);
    if (typeof injection === 'string') return injection;
    if (injection.parts === true) await this.#part();
    for (const input of injection.faults) {
      const name = `c${++this.#faultCount}-${condition}`;
      const fault = Fault.parse({
        ...input,
        ...(times === undefined ? {} : { times }),
        ...(share === undefined ? {} : { probability: share }),
      });
      if (condition !== 'held') this.#spoils.add(name);
      this.#armed.push(name);
      await this.#options.running.inject(this.link, name, fault);
    }
    return null;
  }

  /** Ends every connection of the target, so that its next request makes a new one. */
  async #part(): Promise<void> {
    const name = `p${++this.#faultCount}`;
    const { running } = this.#options;
    await running.inject(this.link, name, Fault.parse({ type: 'accept_then_fin' }));
    try {
      await this.wait(PARTING_MS);
    } finally {
      await running.lift(this.link, name);
    }
  }

  async heal(): Promise<void> {
    await this.#lift();
  }

  async #lift(): Promise<void> {
    for (const name of this.#armed.splice(0)) await this.#options.running.lift(this.link, name);
  }

  ask(kind: string, key?: string): Asked {
    const { config, run, giveUpMs, signal } = this.#options;
    signal.throwIfAborted();
    this.askedCount++;
    const planned = fillIn(config, kind, key ?? `${run}-${this.askedCount}`, this.#random);
    const askedMs = this.now();
    const own: OwnCall = {
      kind,
      trace: planned.trace,
      startMs: askedMs,
      endMs: Number.POSITIVE_INFINITY,
      ok: false,
    };
    this.#calls.push(own);
    this.#traces.add(planned.trace);
    const { method, path, body } = planned;
    const { told, abandon } = this.#caller.ask({ method, path, headers: headersOf(planned), body, giveUpMs });
    signal.addEventListener('abort', abandon, { once: true });
    const reply = told.then(({ startNs, endNs, answer }): Reply => {
      signal.removeEventListener('abort', abandon);
      const [startMs, endMs] = [this.#msOf(startNs), this.#msOf(endNs)];
      const ok = answer !== null && answer.status >= 200 && answer.status < 300;
      own.endMs = endMs;
      own.ok = ok;
      if (answer === null) return { startMs, endMs, ok, status: null, servedBy: null };
      const { servedBy, served } = servedOf(answer, { served: config.served, links: [this.link] });
      return { startMs, endMs, ok, status: answer.status, servedBy: served[this.link] ?? servedBy };
    });
    return { reply, abandon };
  }

  /** A reading of the clock that all threads share, on the bench's own. */
  #msOf(ns: bigint): Ms {
    return toMs(Number(ns - this.#originNs));
  }

  async attempts(): Promise<readonly Attempt[]> {
    this.#options.signal.throwIfAborted();
    await this.#barrier();
    const untilMs = this.now() + PENDING_MS_MAX;
    while (this.#wire.isPending && this.now() < untilMs) {
      await this.wait(PENDING_LOOK_MS);
      await this.#barrier();
    }
    return this.#sightings
      .filter((seen) => this.#isOfKind(seen) && !this.#isForeign(seen))
      .map((seen) => {
        const { trace: _trace, asks: _asks, during: _during, ...attempt } = seen;
        return { ...attempt, call: attempt.call ?? this.#callOf(seen) };
      })
      .sort((a, b) => a.startMs - b.startMs);
  }

  learn(kind: string): number {
    if (this.#wire.describe === undefined) return 1;
    const calls = this.#calls.filter((call) => call.kind === kind && call.ok).slice(-LEARNT_CALLS);
    const asked = calls.map(({ trace, startMs, endMs }) =>
      this.#sightings.flatMap((seen) => {
        const isIts = this.#handsOnTraces && seen.trace !== null ? seen.trace === trace : true;
        const isThen = seen.startMs >= startMs && seen.startMs <= endMs;
        return isIts && isThen && seen.asks !== null ? [seen.asks] : [];
      }),
    );
    const first = asked[0]?.find((one) => asked.every((other) => other.includes(one)));
    if (first === undefined) return 0;
    this.#learnt.set(kind, this.#wire.describe(first));
    return Math.max(...asked.map(({ length }) => length));
  }

  strays(fromMs: Ms): number {
    if (this.#wire.describe === undefined) return 0;
    // One that was over before it asked may be anybody's.
    return this.#sightings.filter(
      (seen) =>
        seen.startMs >= fromMs &&
        seen.asks !== null &&
        this.#isOfKind(seen) &&
        (this.#isForeign(seen) || seen.during.length === 0),
    ).length;
  }

  /** Whether it is what calls do on the link first, or may be. */
  #isOfKind({ asks, during }: Placed): boolean {
    if (this.#learnt.size === 0 || asks === null) return true;
    if ([...this.#learnt.values()].some((one) => one.asks === asks)) return true;
    return during.some(({ kind }) => !this.#learnt.has(kind));
  }

  /** Whether it says that it was made for somebody else. */
  #isForeign({ trace, call }: Sighting): boolean {
    return call === null && this.#handsOnTraces && trace !== null && !this.#traces.has(trace);
  }

  #callOf({ trace, during }: Placed): string | null {
    if (trace !== null && this.#traces.has(trace)) return trace;
    const [only, ...others] = during;
    return only === undefined || others.length > 0 ? null : only.trace;
  }

  #callsAt(ms: Ms): OwnCall[] {
    return this.#calls
      .slice(-RECENT_CALLS)
      .filter(({ startMs, endMs }) => startMs <= ms && ms <= endMs + CALL_SLACK_MS);
  }

  /** Events come in order: when one that was asked for has come, so have those before it. */
  async #barrier(): Promise<void> {
    const name = `b${++this.#faultCount}`;
    const { running } = this.#options;
    const seen = new Promise<void>((resolve) => this.#barriers.set(name, resolve));
    await running.inject(this.link, name, Fault.parse({ type: 'noop', toxicity: 0 }));
    try {
      await within(BARRIER_LIMIT_MS, `an event of link ${this.link} that had been asked for`, seen);
    } catch (error) {
      throw new EnvironmentError(`the link does not tell what it sees: ${String(error)}`);
    } finally {
      this.#barriers.delete(name);
      await running.lift(this.link, name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#caller[Symbol.asyncDispose]();
  }
}

/**
 * Kinds that need the link; first those that are never the same twice, which no cache can answer. On a database writes
 * come last: what is written may be kept for later, and then calls stay away for other reasons than a breaker.
 */
export function kindsFor({ requests, links }: Config, link: string): string[] {
  const waits = (name: string): boolean =>
    links[link]?.protocol === 'postgres' && requests[name]?.write === true;
  const isUnique = (name: string): boolean => {
    const { path = '', body } = requests[name] ?? {};
    return `${path}${JSON.stringify(body ?? '')}`.includes('{{key}}');
  };
  return Object.keys(requests)
    .filter((name) => requests[name]?.needs.includes(link) === true)
    .sort((a, b) => Number(waits(a)) - Number(waits(b)) || Number(isUnique(b)) - Number(isUnique(a)));
}
