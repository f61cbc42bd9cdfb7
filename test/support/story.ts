/**
 * Histories written by hand, for tests of checkers: each call adds what happened at a time in ms.
 * Reads like the story it tells.
 */
import { HISTORY_VERSION, type History, HistoryEvent, HistoryHeader } from '../../harness/model/history.ts';
import type { BreakerPolicy, Policy } from '../../harness/model/policy.ts';
import { toNs } from '../../harness/model/time.ts';

/** Five of the last ten calls, one second, three probes: Mimo's fast profile. */
export const BREAKER: BreakerPolicy = {
  kind: 'count-window',
  failures: 5,
  windowCalls: 10,
  openMs: 1_000,
  halfOpenProbes: 3,
  successesToClose: 3,
};

export const POLICY: Policy = {
  timeoutMs: 400,
  retry: null,
  breaker: BREAKER,
  bulkhead: null,
  fallback: { kind: 'cached', maxAgeMs: 60_000 },
};

type Body = Record<string, unknown>;

export class Story {
  readonly #events: Body[] = [];
  readonly #header: Body;
  #requests = 0;

  constructor({ policy = POLICY, faultAtMs = 1_000, healAtMs = 3_000, recoveryMs = 2_000 } = {}) {
    this.#header = {
      tripcurve: 'history',
      version: HISTORY_VERSION,
      run: 'story',
      seed: 1,
      environment: 'none',
      links: 'embedded',
      mutant: null,
      target: 'story',
      declared: { llm: policy },
      protocols: { llm: 'http' },
      requests: {
        ask: { needs: ['llm'], write: false },
        store: { needs: ['llm'], write: true },
        ping: { needs: [], write: false },
      },
      startedAt: '2026-01-01T00:00:00.000Z',
      scenario: {
        name: 'story',
        about: 'a story',
        profile: 'fast',
        tags: [],
        traffic: {
          ratePerSecond: 10,
          mix: { ask: 1 },
          arrivals: 'constant',
          maxInFlight: 10,
          requestTimeoutMs: 1_000,
        },
        steadyState: [{ check: 'success-ratio', atLeast: 0.9 }],
        timeline: [
          { at: faultAtMs, inject: { type: 'down', attributes: {} }, on: 'llm', forMs: healAtMs - faultAtMs },
        ],
        recovery: { withinMs: recoveryMs },
        expect: [{ check: 'breaker-trips', link: 'llm' }],
      },
    };
    this.phase('steady', 0).phase('end', healAtMs + recoveryMs);
  }

  phase(phase: string, atMs: number): this {
    return this.#add({ kind: 'phase', t: toNs(atMs), phase });
  }

  /** The link has a fault from one moment to another. */
  fault(fromMs: number, toMs: number, { id = 'f0', type = 'http_status', link = 'llm' } = {}): this {
    this.#add({
      kind: 'fault',
      t: toNs(fromMs),
      link,
      fault: id,
      what: 'injected',
      spec: { type, attributes: {} },
    });
    return this.#add({ kind: 'fault', t: toNs(toMs), link, fault: id, what: 'healed', spec: null });
  }

  /** A request that made no attempt of its own unless {@link attempt} follows with its trace. */
  request(atMs: number, about: Body & { tookMs?: number; by?: string; name?: string } = {}): this {
    const { tookMs = 5, by = 'live', name = 'ask', ...rest } = about;
    this.#requests++;
    return this.#add({
      kind: 'request',
      t: toNs(atMs),
      startT: toNs(atMs),
      endT: toNs(atMs + tookMs),
      name,
      status: 200,
      outcome: 'ok',
      servedBy: by,
      served: { llm: by },
      ageMs: by === 'cached' ? 100 : null,
      key: `k${this.#requests}`,
      trace: this.#trace(this.#requests),
      ...rest,
    });
  }

  /** An exchange of the latest request. */
  attempt(atMs: number, about: Body & { tookMs?: number; failed?: boolean } = {}): this {
    const { tookMs = 3, failed = false, ...rest } = about;
    return this.#add({
      kind: 'exchange',
      t: toNs(atMs),
      endT: toNs(atMs + tookMs),
      link: 'llm',
      connection: 1,
      method: 'POST',
      path: '/',
      status: failed ? 500 : 200,
      outcome: 'answered',
      endedBy: failed ? 'link' : 'dependency',
      firstByteT: null,
      bytesUp: 1,
      bytesDown: 1,
      tokens: null,
      bodyHash: null,
      attempt: 1,
      attemptBy: 'trace',
      trace: this.#requests === 0 ? null : this.#trace(this.#requests),
      faults: failed ? ['f0'] : [],
      ...rest,
    });
  }

  /** Requests every `everyMs` from one moment to another, each with an attempt that fares as told; null: none is made. */
  traffic(
    fromMs: number,
    toMs: number,
    fate: 'good' | 'failed' | null,
    about: Body & { by?: string; everyMs?: number } = {},
  ): this {
    const { everyMs = 50, ...rest } = about;
    for (let atMs = fromMs; atMs < toMs; atMs += everyMs) {
      this.request(atMs, rest);
      if (fate !== null) this.attempt(atMs + 1, { failed: fate === 'failed' });
    }
    return this;
  }

  /** Anything else. */
  event(atMs: number, body: Body): this {
    return this.#add({ t: toNs(atMs), ...body });
  }

  header(change: Body): this {
    Object.assign(this.#header, change);
    return this;
  }

  /** The history, checked against its schema. */
  tell(): History {
    const events = this.#events
      .toSorted((a, b) => Number(a.t) - Number(b.t))
      .map((event, id) => HistoryEvent.parse({ id, ...event }));
    return { header: HistoryHeader.parse(this.#header), events };
  }

  #trace(n: number): string {
    return n.toString(16).padStart(32, '0');
  }

  #add(event: Body): this {
    this.#events.push(event);
    return this;
  }
}
