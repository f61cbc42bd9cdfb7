/** A real PostgreSQL with one table, a new link before it for each test, and a client that goes past the link. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import pg from 'pg';
import { testPostgres } from './postgres.ts';
import { at, type PostgresLink, startPostgresLink } from './postgres-link.ts';
import type { Cleanup } from './sockets.ts';

export interface PostgresTruth {
  /** Of the test that runs. */
  readonly link: PostgresLink;
  /** A client that goes past the link. */
  readonly truth: pg.Client;
  /** Puts a new link in the present one's place. */
  relink(): Promise<void>;
  /** What the table `t` holds, in order. */
  rows(): Promise<number[]>;
}

/** To be called at the top of a test file: it sets up before its tests and cleans up after each. */
export function postgresTruth(cleanup: Cleanup, column: string): PostgresTruth {
  let server: Awaited<ReturnType<typeof testPostgres>>;
  let link: PostgresLink;
  let truth: pg.Client;
  beforeAll(async () => {
    server = await testPostgres();
    truth = new pg.Client(at(server.port));
    await truth.connect();
    await truth.query(`create table t (${column})`);
  }, 60_000);
  const relink = async (): Promise<void> => {
    link = await startPostgresLink(cleanup, server.port);
  };
  beforeEach(async () => {
    await truth.query('truncate t');
    await relink();
  });
  afterEach(() => cleanup.run());
  afterAll(async () => {
    await truth.end();
    await server.stop();
  });
  return {
    get link() {
      return link;
    },
    get truth() {
      return truth;
    },
    relink,
    rows: async () => (await truth.query<{ x: number }>('select x from t order by x')).rows.map(({ x }) => x),
  };
}
