import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/pgbouncer-ambiguous-commit',
  about:
    'Every fourth insert is carried out by PostgreSQL, and the connection of PgBouncer breaks before the answer arrives. Mimo is told that the server crashed, over a connection that seems well, and not whether the row is there; it must try again without writing it twice.',
  profile: 'pgbouncer',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1_500,
      inject: {
        type: 'postgres_cut',
        attributes: { when: 'after' },
        match: { statement: 'insert into engrams', every: 4 },
      },
      on: 'postgres',
      forMs: 2_500,
    },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
  ],
});
