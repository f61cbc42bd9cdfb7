import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/refused',
  about:
    'The LLM API refuses connections for a moment, as during a deploy or when a load balancer has no healthy backend. Refusals leave no trace on the link, so the trip is proven by the silence after the heal.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'down' }, on: 'llm', forMs: 700 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'held-open-after-heal', link: 'llm' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
