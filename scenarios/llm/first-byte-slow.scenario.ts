import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/first-byte-slow',
  about:
    'The first byte of an answer takes 1.2 s while connections are fast: an inference queue that has grown too long (head-of-line waiting at the provider). A service that limits only the connecting, or the silence between bytes, waits for all of it; the limit must be on the whole call.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_slow_first_byte', attributes: { delay_ms: 1200 } },
      on: 'llm',
      forMs: 1900,
    },
  ],
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
