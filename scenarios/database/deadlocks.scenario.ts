import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/deadlocks',
  about:
    "One insert in four is chosen as a deadlock's victim (40P01): two batch jobs that lock in different orders. PostgreSQL has undone it and says so; it must be tried again after a wait, be stored live and be there once.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_error',
        attributes: { sqlstate: '40P01', message: 'deadlock detected' },
        match: { statement: 'insert into engrams', every: 4 },
      },
      on: 'database',
      forMs: 3000,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'database' },
    { check: 'stays-in-use', link: 'database', live: 0.95 },
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
    { check: 'transient-retried', link: 'database', command: 'WITH', atLeast: 1 },
  ],
});
