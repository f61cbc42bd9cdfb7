import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/hangs',
  about:
    'The LLM API takes requests and never answers, as an overloaded inference queue or a lost route does. The worst case for a service whose outer deadline ends a call before anybody counts it: hangs must count as failures.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'llm', forMs: 2_600 }],
  recovery: { withinMs: 3_500 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
