import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'operations/start-without-database',
  about:
    'The service is started while PostgreSQL refuses connections, with nothing in its memory. It must be ready all the same, queue what is written and say so; when the database is back everything acknowledged is there, once.',
  tags: ['operations', 'nightly', 'smoke'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'down' }, on: 'database', forMs: 5_000 },
    { at: 1_800, operate: 'restart', withinMs: 4_000 },
  ],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'fallback-served', link: 'database', by: ['memory'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
