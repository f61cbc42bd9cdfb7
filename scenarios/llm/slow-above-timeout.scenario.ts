import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/slow-above-timeout',
  about:
    'Every answer of the LLM API comes, and later than anybody waits: a gray failure, in which the provider reports itself well because all its calls succeed. Slow is down for a caller: timeouts must count, the breaker must open, and an answer that arrives after its call was given up must count for nothing.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'latency', attributes: { latency: 900 } }, on: 'llm', forMs: 1900 }],
  recovery: { withinMs: 2800 },
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
