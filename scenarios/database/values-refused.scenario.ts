import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/values-refused',
  about:
    'One insert in four is refused with 22001, value too long: a column is narrower than what a new release writes (a schema and its code out of step). The database works, and will refuse the same value for ever: the caller is told at once, nothing is tried again, and no breaker opens.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_error',
        attributes: { sqlstate: '22001', message: 'value too long for type character varying(200)' },
        match: { statement: 'insert into engrams', every: 4 },
      },
      on: 'database',
      forMs: 2500,
    },
  ],
  recovery: { withinMs: 2000 },
  expect: [
    { check: 'permanent-not-retried', link: 'database' },
    { check: 'exactly-once', atLeast: 20 },
  ],
});
