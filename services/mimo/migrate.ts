/**
 * `node services/mimo/migrate.ts up|down [count]`: brings the database at DATABASE_URL one way or the other. Each
 * migration is a step of its own, so that one that fails leaves those before it in place.
 */
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

const EXIT_USAGE = 2;

export interface MigrateOptions {
  /** Migrations to run at most; all of them up, one down, where it isn't said. */
  readonly count?: number;
  /** Told of each migration that ran, by name. */
  readonly onRun?: (name: string) => void;
}

/** Runs all migrations up, or the last one down. @throws what PostgreSQL said of the one that failed. */
export async function migrate(
  databaseUrl: string,
  direction: 'up' | 'down',
  { count, onRun }: MigrateOptions = {},
): Promise<void> {
  const limit = count ?? (direction === 'down' ? 1 : undefined);
  const client = new pg.Client({ connectionString: databaseUrl });
  // A client of the runner's own has no listener: a connection that is lost would end the process, not the migration.
  client.on('error', () => {});
  await client.connect();
  try {
    const ran = await runner({
      dbClient: client,
      direction,
      dir: join(import.meta.dirname, 'migrations'),
      migrationsTable: 'mimo_migrations',
      // Building indexes beside writers works only outside a transaction.
      singleTransaction: false,
      ...(limit === undefined ? {} : { count: limit }),
      // Its progress lines would be taken for our output.
      log: () => {},
    });
    for (const { name } of ran) onRun?.(name);
  } finally {
    await client.end().catch(() => {}); // it may be lost already, and that has been said
  }
}

if (import.meta.main) {
  const direction = process.argv[2];
  const given = process.argv[3];
  const databaseUrl = process.env.DATABASE_URL;
  const isUsable =
    (direction === 'up' || direction === 'down') &&
    (given === undefined || /^[1-9]\d{0,3}$/.test(given)) &&
    databaseUrl !== undefined;
  if (!isUsable) {
    process.stderr.write(
      'Usage: DATABASE_URL=postgres://... node services/mimo/migrate.ts up|down [count] (a count from 1 to 9999; without one all go up, or the last one down)\n',
    );
    process.exit(EXIT_USAGE);
  }
  try {
    let runs = 0;
    const onRun = (name: string): void => {
      runs += 1;
      process.stdout.write(`${direction} ${name}\n`);
    };
    await migrate(databaseUrl, direction, {
      onRun,
      ...(given === undefined ? {} : { count: Number(given) }),
    });
    if (runs === 0) process.stdout.write(`nothing to migrate ${direction}\n`);
  } catch (error) {
    // The URL may hold a password, so it is not shown.
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`migrate ${direction}: ${why || 'the database at DATABASE_URL does not answer'}\n`);
    process.exit(1);
  }
}
