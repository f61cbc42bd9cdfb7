import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/llm-and-database',
  about:
    'LLM API and database are lost together: an egress gateway that both go through. An answer can come from the cache with memories from memory, and both must say so; an answer made in that time must not be kept as a good one, or it outlives the outage.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'llm', forMs: 2000 },
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2000 },
  ],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
  ],
});
