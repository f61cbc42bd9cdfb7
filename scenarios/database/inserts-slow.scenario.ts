import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/inserts-slow',
  about:
    'Every insert takes longer than its timeout, reads do not, against a policy with many tries and long waits: an index that is rebuilt, a disk that is written to its limit. All tries of one write must end within their common deadline, well before whoever waits for it has gone: then it is queued.',
  profile: 'patient',
  tags: ['nightly'],
  traffic: { ratePerSecond: 18, mix: { store: 1, search: 2 } },
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_slow',
        attributes: { delay_ms: 400 },
        match: { statement: 'insert into engrams' },
      },
      on: 'database',
      forMs: 2200,
    },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'deadline-respected', withinMs: 1200 },
    { check: 'exactly-once', atLeast: 10 },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
  ],
});
