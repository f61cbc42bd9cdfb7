import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/reset',
  about:
    'Every connection to the LLM API is reset as soon as something is sent on it, pooled or new, as a crashed proxy or an expired NAT entry does it. A different error to the client library than a refusal, and it must count the same.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'llm', forMs: 2_500 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
