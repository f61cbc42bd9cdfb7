import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/cut',
  about:
    'PostgreSQL goes away and comes back, as in a failover: live connections are cut, new ones refused. Reads go on from memory, writes are queued and acknowledged, and every acknowledged one is in the database afterwards, once.',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'down' }, on: 'database', forMs: 350 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'held-open-after-heal', link: 'database' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'writes-kept', link: 'database' },
  ],
});
