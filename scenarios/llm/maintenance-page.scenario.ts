import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/maintenance-page',
  about:
    "The LLM API answers 200 with a page of HTML that says it is being maintained (a status code that lies: a content delivery network's soft error). Only the content tells; it must count as a failure, and the page must never be served as an answer.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_malformed_json', attributes: { how: 'html' } },
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
