import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/rate-limited-retry-after',
  about:
    "The LLM API answers 429 with Retry-After to every call: the key's quota is gone for a while. A 4xx status that is no fault of the request: it must count like an outage, and the service must be silent for at least as long as it was told to be, which here is the open duration.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 429, retry_after: 1 } },
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
    { check: 'retry-after-honoured', link: 'llm' },
    { check: 'retry-amplification', link: 'llm' },
  ],
});
