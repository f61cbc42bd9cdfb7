import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/wrong-schema',
  about:
    'The LLM API answers 200 with well-formed JSON of another shape: a release that changed its format, or a gateway that wraps what it passes (an incompatible deploy). Whoever reads fields without looking at them throws a TypeError that no breaker counts.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_wrong_schema', attributes: { how: 'wrapped' } },
      on: 'llm',
      forMs: 1700,
    },
  ],
  recovery: { withinMs: 2600 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
