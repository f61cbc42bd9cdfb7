import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/rate-limited',
  about:
    'The LLM API answers 429 once its quota of four requests a second is used up, and gives the rest of its answers as ever: the limit everybody meets first. A service that goes on knocking makes it worse; Mimo must back off behind its breaker and serve what it has.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1_500,
      inject: { type: 'llm_rate_limit', attributes: { requests: 4, window_ms: 1_000 } },
      on: 'llm',
      forMs: 2_500,
    },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'retry-after-honoured', link: 'llm' },
    { check: 'goodput-recovers' },
    { check: 'retry-amplification', link: 'llm' },
  ],
});
