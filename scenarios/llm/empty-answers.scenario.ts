import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/empty-answers',
  about:
    "The LLM API answers 200 with an empty list of choices: a filter or a broken worker on the provider's side (silent data loss). An empty answer that is taken for a good one is served as live, and kept in the cache to be served again; it must be a failure.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'llm_empty_choices' }, on: 'llm', forMs: 1700 }],
  recovery: { withinMs: 2600 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
