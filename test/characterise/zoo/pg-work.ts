/** Work on a PostgreSQL, with no policy of its own but what the pool is given. */
import pg from 'pg';
import { UPSTREAM } from './entry.ts';

/** More than are ever asked at once, and fewer than the server has room for. */
const CONNECTIONS = 45;

export interface Work {
  /** One statement, which commits by itself. Rejects at the abort, and ends its session then. */
  insert(key: string, signal?: AbortSignal): Promise<string>;
  /** The same in a transaction. */
  transact(key: string, signal?: AbortSignal): Promise<string>;
}

const INSERT = 'insert into work (key) values ($1)';

export function workWith(config: pg.PoolConfig): Work {
  const pool = new pg.Pool({ connectionString: UPSTREAM, max: CONNECTIONS, ...config });
  pool.on('error', () => {}); // a session that is lost while it is idle is made anew
  pool.on('connect', (client) => client.on('error', () => {}));
  const run = async (
    signal: AbortSignal | undefined,
    act: (client: pg.PoolClient) => Promise<unknown>,
  ): Promise<string> => {
    const client = await pool.connect();
    let isReleased = false;
    const release = (destroy: boolean): void => {
      if (!isReleased) client.release(destroy);
      isReleased = true;
    };
    const onAbort = (): void => release(true);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      await act(client);
      release(false);
      return 'live';
    } catch (error) {
      release(true);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };
  return {
    insert: (key, signal) => run(signal, (client) => client.query(INSERT, [key])),
    transact: (key, signal) =>
      run(signal, async (client) => {
        await client.query('begin');
        await client.query(INSERT, [key]);
        await client.query('commit');
      }),
  };
}
