import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/malformed',
  about:
    "The LLM API answers 200 with JSON that stops in the middle: a broken middlebox, a bug in a gateway's buffering. Nothing on the wire says so but the body itself; a service that lets the parser's error escape answers 500, and one that counts only statuses never opens its breaker.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_malformed_json', attributes: { how: 'truncated' } },
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
