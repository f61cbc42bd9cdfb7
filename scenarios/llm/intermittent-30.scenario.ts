import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/intermittent-30',
  about:
    "Every third answer is a 503: a third of a provider's zone is gone (partial outage). Four failures at most in any ten calls, one below the threshold. The breaker must stay closed and two of three questions must be answered live; what fails is served from the fallback and says so.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 503 }, match: { every: 3 } },
      on: 'llm',
      forMs: 3000,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'llm' },
    { check: 'stays-in-use', link: 'llm', live: 0.55 },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
