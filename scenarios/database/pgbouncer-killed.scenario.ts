import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/pgbouncer-killed',
  about:
    'PgBouncer is killed and started again a moment later, with PostgreSQL untouched behind it, as when the pooler is upgraded or runs out of memory. Every connection of Mimo ends where it is, and what was under way may have been committed.',
  profile: 'pgbouncer',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, process: 'kill', on: 'database', forMs: 1_500 }],
  recovery: { withinMs: 4_000 },
  expect: [
    // No count of failures here: what is sent into a connection that is just ending is seen by Mimo alone.
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
