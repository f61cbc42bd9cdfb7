import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/serialization-failures',
  about:
    'One insert in four fails with 40001, could not serialize access: contention after somebody has raised the isolation level (a transient error that asks for a retry). Each must be tried again and stored live: without a retry, or with one that does not know the SQLSTATE, they go to the queue.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_error',
        attributes: {
          sqlstate: '40001',
          message: 'could not serialize access due to read/write dependencies among transactions',
        },
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
