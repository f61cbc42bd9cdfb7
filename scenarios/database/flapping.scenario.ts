import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/flapping',
  about:
    "PostgreSQL comes and goes with a period near the breaker's open duration: a failover that does not settle (two nodes that each take the other for dead). Queued writes are replayed in the up halves and cut off in the down halves: each must end up there once, whatever half it met.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 350 },
    { at: 2150, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 350 },
    { at: 2800, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 350 },
    { at: 3450, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 350 },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
