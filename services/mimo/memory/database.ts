/**
 * PostgreSQL behind one function: a query with an abort signal. An aborted query takes its connection
 * with it, so the pool never hands out one that may still be busy, and no socket error stays unheard.
 */
import { DatabaseError, Pool, type PoolClient } from 'pg';
import { DependencyFault, RequestRefused } from '../resilience/faults.ts';
import { type Trace, traceComment } from '../trace.ts';
import type { Statement } from './statement.ts';

/**
 * Connections per call that may be in flight: one that is being thrown away after a timeout still takes
 * a place in the pool, and a call that waited for it would reach the database after its breaker opened.
 */
const CONNECTIONS_PER_CALL = 2;

/** Connection, resources, operator intervention, system, serialisation, transaction state. */
const FAULT_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58', '40', '25']);
/** Data and integrity: the values are wrong and will be wrong again. */
const REQUEST_CLASSES: ReadonlySet<string> = new Set(['22', '23']);

export interface Database {
  /** @throws DependencyFault, RequestRefused, or the signal's reason when aborted. */
  query<Row>(
    statement: Statement,
    values: readonly unknown[],
    trace: Trace,
    signal: AbortSignal,
  ): Promise<Row[]>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Limit of one attempt, in ms. */
  readonly timeoutMs: number;
  /** Most queries in flight; the guard's bulkhead sees to it. */
  readonly callsMax: number;
  readonly onIdleError: (error: Error) => void;
}

/** Connects to nothing until the first query. */
export function createDatabase({ url, timeoutMs, callsMax, onIdleError }: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS_PER_CALL * callsMax,
    connectionTimeoutMillis: timeoutMs,
    // Without it the server would go on with a statement whose caller has long gone. Twice the limit,
    // since it only tidies up: who waits too long is decided on this side.
    statement_timeout: 2 * timeoutMs,
    keepAlive: true,
    application_name: 'mimo',
  });
  // Without listeners a connection that dies would end the process: the first is for idle ones, the
  // second for those in use, whose query is rejected with the same error anyway.
  pool.on('error', onIdleError);
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    async query<Row>({ sql }: Statement, values: readonly unknown[], trace: Trace, signal: AbortSignal) {
      const client = await checkOut(pool, signal);
      let isReleased = false;
      const release = (destroy: boolean): void => {
        if (isReleased) return;
        isReleased = true;
        client.release(destroy);
      };
      const onAbort = (): void => release(true);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const result = await client.query(`${sql} ${traceComment(trace)}`, [...values]);
        release(false);
        return result.rows as Row[];
      } catch (error) {
        const translated = translate(error);
        release(translated instanceof DependencyFault);
        throw signal.aborted ? signal.reason : translated;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    close: () => pool.end(),
  };
}

async function checkOut(pool: Pool, signal: AbortSignal): Promise<PoolClient> {
  signal.throwIfAborted();
  try {
    const client = await pool.connect();
    if (!signal.aborted) return client;
    // The caller gave up while we waited; the connection itself is fresh and fit for others.
    client.release();
  } catch (error) {
    throw signal.aborted ? signal.reason : translate(error);
  }
  throw signal.reason;
}

/** What the error means: only a statement that PostgreSQL understood and rejected is a refusal. */
function translate(error: unknown): DependencyFault | RequestRefused {
  const detail = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (!(error instanceof DatabaseError)) return new DependencyFault('database', 'network', detail, options);
  // A message that the protocol parser could not read has no code.
  if (error.code === undefined) return new DependencyFault('database', 'malformed', detail, options);
  const sqlClass = error.code.slice(0, 2);
  const named = `${error.code} ${detail}`;
  if (FAULT_CLASSES.has(sqlClass)) return new DependencyFault('database', 'status', named, options);
  const kind = REQUEST_CLASSES.has(sqlClass) ? 'request' : 'setup';
  return new RequestRefused('database', kind, named, options);
}
