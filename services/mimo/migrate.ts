/** `node services/mimo/migrate.ts up|down`: brings the database at DATABASE_URL one way or the other. */
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';

const EXIT_USAGE = 2;

/** Runs all migrations up, or the last one down. */
export async function migrate(databaseUrl: string, direction: 'up' | 'down'): Promise<void> {
  await runner({
    databaseUrl,
    direction,
    dir: join(import.meta.dirname, 'migrations'),
    migrationsTable: 'mimo_migrations',
    ...(direction === 'down' ? { count: 1 } : {}),
    // Its progress lines would be taken for our output.
    log: () => {},
  });
}

if (import.meta.main) {
  const direction = process.argv[2];
  const databaseUrl = process.env.DATABASE_URL;
  if ((direction !== 'up' && direction !== 'down') || databaseUrl === undefined) {
    process.stderr.write('Usage: DATABASE_URL=postgres://... node services/mimo/migrate.ts up|down\n');
    process.exit(EXIT_USAGE);
  }
  await migrate(databaseUrl, direction);
}
