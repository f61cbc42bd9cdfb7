import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'operations/start-without-llm',
  about:
    'The service is started while the LLM API refuses connections, as after a power cut in which it was first to be back. It must be ready all the same and answer from what it has, marked, since it has no answer of an earlier day.',
  tags: ['operations', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'down' }, on: 'llm', forMs: 5_000 },
    { at: 1_800, operate: 'restart', withinMs: 4_000 },
  ],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'fallback-served', link: 'llm', by: ['default'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
