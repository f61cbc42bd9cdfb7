import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/intermittent-10',
  about:
    'One statement in ten ends with its connection: a pooler that drops sessions, a flaky network path (partial outage). One failure in any six calls: the breaker stays closed, writes are tried again and stored live, and none is there twice.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'postgres_kill', match: { every: 10 } }, on: 'database', forMs: 2500 },
  ],
  recovery: { withinMs: 2200 },
  expect: [
    { check: 'stays-closed', link: 'database' },
    { check: 'stays-in-use', link: 'database', live: 0.8 },
    { check: 'retries-bounded', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
