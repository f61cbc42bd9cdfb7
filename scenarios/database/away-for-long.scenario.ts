import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/away-for-long',
  about:
    'PostgreSQL resets every connection for eight of its open durations (a failover that does not come to an end). What was queued at the beginning has failed its replay many times by then, and must be stored all the same when the database is back.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 24, mix: { store: 3, search: 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 5000 }],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once', atLeast: 60 },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
  ],
});
