/**
 * Migrates the database at DATABASE_URL upwards, again and again until it is done: what a deploy job does that is
 * started anew when it fails. Ends with 0 when nothing is left to migrate.
 */
import { migrate } from '../../services/mimo/migrate.ts';

const TRIES_MAX = 20;
const PAUSE_MS = 200;

for (let attempt = 1; ; attempt++) {
  try {
    await migrate(process.env.DATABASE_URL ?? '', 'up');
    console.log(`migrated at attempt ${attempt}`);
    process.exit(0);
  } catch (error) {
    console.error(`attempt ${attempt}: ${error instanceof Error ? error.message : error}`);
    if (attempt === TRIES_MAX) process.exit(1);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
