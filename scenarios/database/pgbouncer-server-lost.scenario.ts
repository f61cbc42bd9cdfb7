import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/pgbouncer-server-lost',
  about:
    'PostgreSQL is cut off behind PgBouncer and comes back: the hop from the pooler to the server fails, while the pooler stays up. Who was being served learns that the server crashed, who asks before the pooler has noticed is let wait, and who asks later is turned away at once, for as long as it does not try again. Writes are queued and acknowledged, and every acknowledged one is in the database afterwards, once.',
  profile: 'pgbouncer',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'down' }, on: 'postgres', forMs: 1_500 }],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    // PgBouncer looks for its server three times a second.
    { check: 'breaker-recovers', link: 'database', dependencyBackMs: 350 },
    { check: 'writes-kept', link: 'database' },
  ],
});
