import { defineScenario } from '../../harness/scenario/define.ts';
import { operationsTraffic, steadyState } from '../steady.ts';

export default defineScenario({
  name: 'compound/lost-during-migration',
  about:
    'A deploy migrates the database under load and loses it half-way: the second index is built and the answer never comes, and when the job is started anew every connection is reset for a while (a migration that is broken off). A job that is no longer repeatable leaves a schema between two versions, or takes an index that is not valid for a good one. It must be done in the end, with all five indexes, and the writes of that time must all be there.',
  tags: ['nightly'],
  before: ['migrate-down'],
  traffic: operationsTraffic,
  steadyState,
  timeline: [
    {
      at: 1400,
      inject: {
        type: 'postgres_cut',
        attributes: { when: 'after' },
        match: { statement: 'create index concurrently semantic_triples_osp_idx' },
        times: 1,
      },
      on: 'database',
      forMs: 5000,
    },
    { at: 1500, operate: 'migrate-until-done', withinMs: 5000 },
    { at: 2400, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 700 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'fallback-served', link: 'database', by: ['memory'], atLeast: 3 },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    {
      check: 'audit',
      name: 'facts',
      equals: { migrations: 4, putAside: 0, missing: 0, indexes: 5, invalidIndexes: 0 },
      atLeast: { facts: 10 },
    },
  ],
});
