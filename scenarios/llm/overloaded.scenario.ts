import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/overloaded',
  about:
    'The LLM API answers 529 (overloaded), a status that no standard knows and Anthropic uses for global overload. A client with a list of known 5xx statuses takes it for a refusal of its own request: it then neither counts nor backs off, and adds to the overload.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 529, shape: 'anthropic' } },
      on: 'llm',
      forMs: 1700,
    },
  ],
  recovery: { withinMs: 2600 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'breaker-scope', link: 'llm' },
  ],
});
