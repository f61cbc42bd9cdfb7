/**
 * The embedded load engine: open loop. Requests leave at their planned moments whether or not
 * earlier ones were answered, and latency counts from the planned moment, so that a slow target
 * cannot slow its own examiner (coordinated omission). What could not be sent is counted, not delayed.
 */
import { type Dispatcher, Pool } from 'undici';
import type { RequestEvent, Unnumbered } from '../model/history.ts';
import { type Ms, type Nanoseconds, toNs } from '../model/time.ts';
import { readAnswer } from './answer.ts';
import type { LoadEngine, LoadOptions } from './load-engine.ts';
import { headersOf, type PlannedRequest } from './plan.ts';
import { NOT_SERVED, readsBody, servedOf } from './served.ts';

/** Longest sleep between looks at the plan; keeps a stop from waiting for a distant arrival. */
const TICK_MAX_MS = 50;

/** Time until the first request may leave: what listens for the start has to be told of it. */
const SETTLE_MS = 100;

/** The engine that is always there. */
export const embeddedLoad: LoadEngine = {
  check: () => Promise.resolve('embedded'),
  start(options) {
    const startT = options.now() + toNs(SETTLE_MS);
    return Promise.resolve({ startT, driven: driveLoad({ ...options, startT }) });
  },
};

/** Sends the plan and settles when the last answer has come or been given up. */
export async function driveLoad(options: LoadOptions): Promise<void> {
  const { plan, startT, traffic, now, signal } = options;
  const pool = new Pool(options.entryUrl, {
    connections: traffic.maxInFlight,
    pipelining: 1,
    headersTimeout: 0, // one limit for the whole request, below
    bodyTimeout: 0,
  });
  const open = new Set<Promise<void>>();
  let next = 0;
  try {
    await new Promise<void>((resolve) => {
      const tick = (): void => {
        if (signal.aborted) {
          resolve();
          return;
        }
        let planned = plan[next];
        while (planned !== undefined && startT + toNs(planned.atMs) <= now()) {
          if (open.size >= traffic.maxInFlight) options.emit(dropped(planned, options));
          else {
            const sent = send(pool, planned, options).finally(() => open.delete(sent));
            open.add(sent);
          }
          planned = plan[++next];
        }
        if (planned === undefined) {
          resolve();
          return;
        }
        const waitMs = (startT + toNs(planned.atMs) - now()) / 1e6;
        setTimeout(tick, Math.max(0, Math.min(TICK_MAX_MS, waitMs)));
      };
      tick();
    });
    await Promise.all(open);
  } finally {
    await pool.destroy();
  }
}

/**
 * Sends the plan one request after another, again and again, until a whole round is answered live or
 * `limitMs` is over: processes that have just started compile code and open pools, and that is no
 * steady state. Settles either way; whether the state was steady is for the checks to say.
 */
export async function warmUp(options: LoadOptions, limitMs: Ms): Promise<void> {
  const { plan, now, signal } = options;
  const pool = new Pool(options.entryUrl, { connections: 1 });
  const deadlineT = now() + toNs(limitMs);
  try {
    for (let isWarm = false; !isWarm && now() < deadlineT && !signal.aborted; ) {
      isWarm = true;
      for (const planned of plan) {
        const emit = (event: Unnumbered<RequestEvent>): void => {
          if (event.outcome !== 'ok' || (event.servedBy ?? LIVE) !== LIVE) isWarm = false;
          options.emit(event);
        };
        await send(pool, planned, { ...options, startT: now() - toNs(planned.atMs), emit });
      }
    }
  } finally {
    await pool.destroy();
  }
}

/** How a target says that nothing was degraded. */
const LIVE = 'live';

async function send(pool: Pool, planned: PlannedRequest, options: LoadOptions): Promise<void> {
  const { traffic, now, emit } = options;
  const startT = now();
  const limit = AbortSignal.timeout(traffic.requestTimeoutMs);
  try {
    const response = await pool.request({
      method: planned.method as Dispatcher.HttpMethod,
      path: planned.path,
      headers: headersOf(planned),
      body: planned.body,
      signal: limit,
    });
    const { told, text } = await readAnswer(response.body, planned, readsBody(options.served));
    const status = response.statusCode;
    const outcome = status >= 200 && status < 300 ? 'ok' : 'error';
    emit({
      ...base(planned, options, startT),
      status,
      outcome,
      ...servedOf({ status, headers: response.headers, text }, options),
      ...told,
    });
  } catch {
    // Which error it was adds nothing here: either our own limit ended it or the connection broke.
    const outcome = limit.aborted ? 'timeout' : 'broken';
    emit({ ...base(planned, options, startT), status: null, outcome, ...NOT_SERVED });
  }
}

function base(planned: PlannedRequest, { startT: origin, now }: LoadOptions, startT: Nanoseconds) {
  const { name, key, trace, atMs } = planned;
  return { kind: 'request' as const, t: origin + toNs(atMs), startT, endT: now(), name, key, trace };
}

function dropped(planned: PlannedRequest, options: LoadOptions): Unnumbered<RequestEvent> {
  return { ...base(planned, options, options.now()), status: null, outcome: 'dropped', ...NOT_SERVED };
}
