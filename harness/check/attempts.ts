/**
 * Attempts: what a target tried on a link, read from the wire. One exchange is one attempt, so is one
 * statement; a connection that was turned away before it carried either is an attempt that failed
 * early. A completed Postgres handshake is none: it only makes the statement after it possible.
 */
import type { Fault } from '../model/fault.ts';
import {
  type ExchangeEvent,
  eventsOf,
  type History,
  type RequestEvent,
  type StatementEvent,
} from '../model/history.ts';
import { type Nanoseconds, toNs } from '../model/time.ts';
import { loadStart } from './windows.ts';

export interface Attempt {
  /** Id of the event it was read from. */
  id: number;
  /** The connection that carried it, or that was turned away. */
  connection: number;
  t: Nanoseconds;
  endT: Nanoseconds;
  failed: boolean;
  trace: string | null;
  faults: readonly string[];
}

/** HTTP statuses that say "the service is in trouble" rather than "your request is wrong" (RFC 9110 §15.6, RFC 6585 §4). */
function isFailedExchange({ outcome, status }: ExchangeEvent): boolean {
  return outcome === 'broken' || (status !== null && (status >= 500 || status === 429));
}

/**
 * SQLSTATE classes that speak of the server's trouble, not of the statement's: connection,
 * read-only (25), transaction rollback, resources, operator intervention, system error
 * (PostgreSQL docs, appendix A).
 */
const TROUBLE_CLASSES = new Set(['08', '25', '40', '53', '57', '58', 'XX']);

function isFailedStatement({ outcome, sqlstate }: StatementEvent): boolean {
  return outcome === 'broken' || (sqlstate !== null && TROUBLE_CLASSES.has(sqlstate.slice(0, 2)));
}

/**
 * A client that has something to say says it at once; half a round of a busy event loop is ample. Where the
 * target speaks first, a link waits longer than this for its first word before it turns it away for a dependency
 * that has gone: what is younger was turned away by the link itself.
 */
const TURNED_AWAY_NS = toNs(50);

/**
 * Faults that leave a success as its status and nothing in its body that can be used. A client that reads what it
 * gets has failed there. Not among them: what is well-formed and wrong (another model's vectors), or only odd.
 */
const SPOILING: ReadonlySet<string> = new Set([
  'http_malformed_json',
  'http_wrong_schema',
  'llm_empty_choices',
  'embedding_wrong',
]);

/** Ids of the faults on a link that spoil an answer. */
function spoilingFaults(history: History, link: string): ReadonlySet<string> {
  const spoils = (spec: Fault | null): boolean =>
    spec !== null && SPOILING.has(spec.type) && spec.attributes.how !== 'other_model';
  return new Set(
    eventsOf(history, 'fault')
      .filter((event) => event.link === link && spoils(event.spec))
      .map(({ fault }) => fault),
  );
}

/** All attempts on a link, in the order in which they began. */
export function attemptsOn(history: History, link: string): Attempt[] {
  const attempts: Attempt[] = [];
  const carried = new Set<number>();
  const spoiling = spoilingFaults(history, link);
  for (const event of eventsOf(history, 'exchange')) {
    if (event.link !== link) continue;
    carried.add(event.connection);
    const spoilt = event.faults.some((fault) => spoiling.has(fault));
    attempts.push({ ...pick(event), failed: spoilt || isFailedExchange(event) });
  }
  for (const event of eventsOf(history, 'statement')) {
    if (event.link !== link) continue;
    carried.add(event.connection);
    const failed = isFailedStatement(event);
    if (event.command !== 'STARTUP' || failed) attempts.push({ ...pick(event), failed });
  }
  const opened = new Map<number, Nanoseconds>();
  for (const event of eventsOf(history, 'connection')) {
    if (event.link !== link || carried.has(event.connection)) continue;
    if (event.what === 'opened') opened.set(event.connection, event.t);
    if (event.what === 'closed' && event.endedBy !== 'target') {
      const { id, connection, t: endT, faults } = event;
      const t = opened.get(event.connection) ?? endT;
      // One that lay unused for longer was a spare of a pool, and nobody's attempt.
      if (endT - t <= TURNED_AWAY_NS)
        attempts.push({ id, connection, t, endT, failed: true, trace: null, faults });
    }
  }
  return attempts.sort((a, b) => a.t - b.t);
}

function pick(event: ExchangeEvent | StatementEvent): Omit<Attempt, 'failed'> {
  const { id, connection, t, endT, trace, faults } = event;
  return { id, connection, t, endT, trace, faults };
}

/**
 * Answers, for each request, which attempts it made. Where the target hands the trace id on, by that
 * id; elsewhere by time: every attempt that began while the request was open.
 */
export class AttemptIndex {
  readonly #attempts: readonly Attempt[];
  readonly #byTrace = new Map<string, Attempt[]>();
  /** True where attempts carry the trace ids of requests, so that joining is exact. */
  readonly traced: boolean;

  constructor(attempts: readonly Attempt[], requests: readonly RequestEvent[]) {
    this.#attempts = attempts;
    const known = new Set(requests.map(({ trace }) => trace));
    for (const attempt of attempts) {
      if (attempt.trace === null || !known.has(attempt.trace)) continue;
      const same = this.#byTrace.get(attempt.trace);
      if (same === undefined) this.#byTrace.set(attempt.trace, [attempt]);
      else same.push(attempt);
    }
    this.traced = this.#byTrace.size > 0;
  }

  of(request: RequestEvent): readonly Attempt[] {
    if (this.traced) return this.#byTrace.get(request.trace) ?? [];
    return this.#attempts.filter(({ t }) => t >= request.startT && t <= request.endT);
  }
}

/** The attempts of the load on a link that were open at the moment at which most were. */
export function mostAtOnce(history: History, link: string): readonly Attempt[] {
  const fromT = loadStart(history);
  let open: Attempt[] = [];
  let most: Attempt[] = [];
  for (const attempt of attemptsOn(history, link).filter(({ t }) => t >= fromT)) {
    // What ends at the moment at which another begins has made room for it.
    open = [...open.filter(({ endT }) => endT > attempt.t), attempt];
    if (open.length > most.length) most = open;
  }
  return most;
}
