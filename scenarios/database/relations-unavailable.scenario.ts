import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/relations-unavailable',
  about:
    'PostgreSQL resets every connection while callers ask for the relations of things nobody has asked for before: there is nothing to serve in their place (a read without a fallback). They must be told at once that the service cannot answer now, not that they asked wrongly.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 40, mix: { relations: 2, search: 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2000 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'outage-not-blamed', link: 'database' },
    { check: 'deadline-respected', withinMs: 2000 },
    { check: 'breaker-recovers', link: 'database' },
  ],
});
