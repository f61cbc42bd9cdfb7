import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'database/cut',
  about:
    'PostgreSQL goes away and comes back, as in a failover: live connections are cut, new ones refused. Reads go on from memory, writes are queued and acknowledged, and every acknowledged one is in the database afterwards, once.',
  tags: ['quick', 'nightly'],
  traffic: { ...traffic, mix: { ask: 2, store: 4, search: 2 } },
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'down' }, on: 'database', forMs: 450 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'held-open-after-heal', link: 'database' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'writes-kept', link: 'database' },
  ],
});
