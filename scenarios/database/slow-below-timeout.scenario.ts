import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/slow-below-timeout',
  about:
    "Every answer of PostgreSQL takes 60 ms longer: a primary in another zone after a failover, a cold cache (a latency brown-out). All is in time, so nothing may be queued or served from memory: a stale read nobody needed is an outage of one's own making.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'latency', attributes: { latency: 60 } }, on: 'database', forMs: 1800 },
  ],
  recovery: { withinMs: 2200 },
  expect: [
    { check: 'stays-in-use', link: 'database', live: 0.95 },
    { check: 'writes-kept', link: 'database' },
  ],
});
