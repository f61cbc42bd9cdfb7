/** A bench on which a running target stands: its links inject and observe, its entry is called. */
import { type Dispatcher, Pool } from 'undici';
import type { Running } from '../environment/environment.ts';
import { fillIn, headersOf } from '../load/plan.ts';
import { servedOf } from '../load/served.ts';
import type { Config } from '../model/config.ts';
import { within } from '../model/deadline.ts';
import { EnvironmentError, UsageError } from '../model/errors.ts';
import { Fault, type FaultInput } from '../model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { seededRandom, seedFor } from '../model/random.ts';
import { type Clock, type Ms, toMs } from '../model/time.ts';
import { waitOrAbort } from '../model/wait.ts';
import type { Asked, Attempt, Bench, Condition, Reply } from './bench.ts';
import { RETRY_AFTER_S } from './bench.ts';

/** Longer than any bench is patient; what is held so long comes when it is let go. */
const FOR_EVER_MS = 3_600_000;
const BARRIER_LIMIT_MS = 5_000;
const CONNECTIONS = 256;

const held: FaultInput = { type: 'latency', attributes: { latency: FOR_EVER_MS }, stream: 'downstream' };
const status = (code: number, attributes: object = {}): FaultInput => ({
  type: 'http_status',
  attributes: { status: code, ...attributes },
});

/** What is injected for each condition on a link that reads HTTP. */
const FAULTS: Readonly<Record<Condition, readonly FaultInput[]>> = {
  refused: [{ type: 'down' }],
  'accept-then-fin': [{ type: 'accept_then_fin' }],
  rst: [{ type: 'reset_peer', stream: 'downstream' }],
  'black-hole': [{ type: 'black_hole' }],
  'slow-headers': [held],
  'status-500': [status(500)],
  'status-503': [status(503)],
  'status-503-retry-after': [status(503, { retry_after: RETRY_AFTER_S })],
  'status-429': [status(429)],
  'status-429-retry-after': [status(429, { retry_after: RETRY_AFTER_S })],
  'status-400': [status(400)],
  'malformed-200': [{ type: 'http_malformed_json' }],
  'truncated-stream': [{ type: 'http_body_cut', attributes: { bytes: 8 } }],
  'stalled-stream': [{ type: 'http_hang_after_headers' }],
  held: [held],
  drip: [
    { type: 'http_huge_body', attributes: { bytes: 64 * 1024 * 1024 } },
    { type: 'bandwidth', attributes: { rate: 4 }, stream: 'downstream' },
  ],
};

/** Whether some exchanges can meet it and others not: faults on bytes and listeners hit all that a connection carries. */
export function canHitSome(condition: Condition): boolean {
  return FAULTS[condition].every(({ type }) => type.startsWith('http_'));
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
  askedCount = 0;
  readonly #options: LiveBenchOptions;
  readonly #pool: Pool;
  readonly #random: () => number;
  readonly #attempts: Attempt[] = [];
  readonly #barriers = new Map<string, () => void>();
  #armed: string[] = [];
  #faultCount = 0;

  /** @throws UsageError where the link is not there, reads no HTTP or no request uses it */
  constructor(options: LiveBenchOptions) {
    const { config, link, running, seed } = options;
    const configured = config.links[link];
    if (configured === undefined)
      throw new UsageError(`no link "${link}"; one of ${Object.keys(config.links).join(', ')}`);
    if (configured.protocol !== 'http')
      throw new UsageError(
        `link ${link} reads ${configured.protocol}: a policy can be measured on links that read http`,
      );
    this.link = link;
    this.kinds = options.kinds ?? kindsFor(config, link);
    if (this.kinds.length === 0)
      throw new UsageError(`no request of the config needs ${link}, so nothing can be asked that uses it`);
    this.#options = options;
    this.#random = seededRandom(seedFor(seed, 'bench'));
    this.#pool = new Pool(running.entryUrl, {
      connections: CONNECTIONS,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** To be called with every event of the environment. */
  see(event: Unnumbered<HistoryEvent>): void {
    if (event.kind === 'fault' && event.what === 'injected') this.#barriers.get(event.fault)?.();
    if (!('link' in event) || event.link !== this.link) return;
    if (event.kind === 'exchange') {
      const { t, endT, firstByteT, status: code, outcome, endedBy, method, path, bodyHash, faults } = event;
      const isWell = outcome === 'answered' && code !== null && code < 400;
      // Armed conditions other than `held` spoil whatever they act on, also what looks like an answer.
      const isSpoilt = faults.some((fault) => this.#spoils.has(fault));
      this.#attempts.push({
        startMs: toMs(t),
        endMs: toMs(endT),
        firstByteMs: firstByteT === null ? null : toMs(firstByteT),
        status: code,
        ok: isWell && !isSpoilt,
        endedBy,
        call: `${method} ${path} ${bodyHash}`,
      });
      this.#carried.add(event.connection);
    } else if (event.kind === 'connection') this.#seeConnection(event);
  }

  /** Connections that were turned away before they carried anything: attempts all the same. */
  #seeConnection({
    what,
    connection,
    t,
    endedBy,
  }: Extract<Unnumbered<HistoryEvent>, { kind: 'connection' }>): void {
    if (what === 'opened') {
      this.#opened.set(connection, toMs(t));
      return;
    }
    const startMs = this.#opened.get(connection);
    this.#opened.delete(connection);
    if (this.#carried.delete(connection) || startMs === undefined || what !== 'closed') return;
    if (endedBy === 'target' || toMs(t) - startMs > TURNED_AWAY_MS) return;
    this.#attempts.push({
      startMs,
      endMs: toMs(t),
      firstByteMs: null,
      status: null,
      ok: false,
      endedBy: endedBy ?? 'link',
      call: `connection ${connection}`,
    });
  }

  readonly #opened = new Map<number, Ms>();
  readonly #carried = new Set<number>();
  readonly #spoils = new Set<string>();

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
    for (const input of FAULTS[condition]) {
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
    const hangUp = new AbortController();
    const limit = AbortSignal.any([AbortSignal.timeout(giveUpMs), hangUp.signal, signal]);
    const startMs = this.now();
    const reply = this.#pool
      .request({
        method: planned.method as Dispatcher.HttpMethod,
        path: planned.path,
        headers: headersOf(planned),
        body: planned.body,
        signal: limit,
      })
      .then(async (response): Promise<Reply> => {
        await response.body.dump({ limit: Number.MAX_SAFE_INTEGER });
        const code = response.statusCode;
        const { servedBy, served } = servedOf(response.headers, {
          served: config.served,
          links: [this.link],
        });
        const ok = code >= 200 && code < 300;
        return { startMs, endMs: this.now(), ok, status: code, servedBy: served[this.link] ?? servedBy };
      })
      // Which error it was adds nothing: the caller got no answer.
      .catch((): Reply => ({ startMs, endMs: this.now(), ok: false, status: null, servedBy: null }));
    return { reply, abandon: () => hangUp.abort() };
  }

  async attempts(): Promise<readonly Attempt[]> {
    this.#options.signal.throwIfAborted();
    await this.#barrier();
    return this.#attempts.toSorted((a, b) => a.startMs - b.startMs);
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
    await this.#pool.destroy();
  }
}

/** A client that has something to say says it at once. */
const TURNED_AWAY_MS = 50;

/** Kinds that need the link; first those that are never the same twice, which no cache can answer. */
function kindsFor({ requests }: Config, link: string): string[] {
  const isUnique = (name: string): boolean => {
    const { path = '', body } = requests[name] ?? {};
    return `${path}${JSON.stringify(body ?? '')}`.includes('{{key}}');
  };
  return Object.keys(requests)
    .filter((name) => requests[name]?.needs.includes(link) === true)
    .sort((a, b) => Number(isUnique(b)) - Number(isUnique(a)));
}
