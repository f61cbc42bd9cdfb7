import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/bad-gateway',
  about:
    "A proxy before the LLM API answers 502 with a page of HTML: the commonest face of a dead backend. The body is no JSON and is not the provider's; a client that parses before it looks at the status reports nonsense, or, if it counts only errors it knows, nothing at all.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'http_status',
        attributes: {
          status: 502,
          body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
          headers: { 'content-type': 'text/html' },
        },
      },
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
