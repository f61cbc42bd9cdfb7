import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/connections-reset',
  about:
    'The connection breaks under one insert in four, before the database has seen it: a firewall that forgets flows, a node that is drained (connection churn). A broken connection is as transient as a fault can be: each insert must be tried again on another and be stored live.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_cut',
        attributes: { when: 'before' },
        match: { statement: 'insert into engrams', every: 4 },
      },
      on: 'database',
      forMs: 3000,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'transient-retried', link: 'database', command: 'WITH', atLeast: 1 },
    { check: 'stays-in-use', link: 'database', live: 0.9 },
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
  ],
});
