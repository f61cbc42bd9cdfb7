import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/ambiguous-commit',
  about:
    'Every fourth insert is carried out by PostgreSQL, and the connection breaks before the answer arrives, as when a server or a proxy dies right after a commit. Mimo cannot know whether the row is there; it must try again without writing it twice, and must not give up what it has acknowledged.',
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
      on: 'database',
      forMs: 2_500,
    },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
    { check: 'exactly-once', atLeast: 50 },
  ],
});
