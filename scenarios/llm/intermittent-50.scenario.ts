import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/intermittent-50',
  about:
    "Every second answer is a 503: half of the provider's replicas are bad (partial outage). A breaker that counts failures in a row never sees two, and one that lets every success forgive a failure stays at one for ever; a window of calls trips at the fifth. Half-open it must not close by luck either: three probes in a row cannot all be good.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 503 }, match: { every: 2 } },
      on: 'llm',
      forMs: 2200,
    },
  ],
  recovery: { withinMs: 2700 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
