import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/blip',
  about:
    'Four answers of the LLM API fail and the fifth is good: one failure below the threshold. A breaker that trips here turns every passing hiccup into an outage of its own.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1_500,
      inject: { type: 'http_status', attributes: { status: 503 }, times: 4 },
      on: 'llm',
      forMs: 1_500,
    },
  ],
  recovery: { withinMs: 2_500 },
  expect: [
    { check: 'stays-closed', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'], atLeast: 2 },
  ],
});
