import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/slow-queries',
  about:
    'One statement in eight takes longer than anybody waits: a plan that went wrong after an ANALYZE, a missing index on the path of some rows (a slow-query brown-out). The others are quick, so the breaker stays closed. A write whose statement was late is tried again while the first may still commit: without a key it is there twice.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_slow',
        attributes: { delay_ms: 500 },
        match: { every: 8, statement: 'engrams' },
      },
      on: 'database',
      forMs: 3000,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'database' },
    { check: 'stays-in-use', link: 'database', live: 0.75 },
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
