import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/recovers-cold',
  about:
    'The LLM API is back after an outage with cold caches: its first twelve answers take 320 ms, still in time, and the rest are as quick as before (a cold start after failover). The probes are among the slow ones; a breaker that takes slow for failed reopens for ever and nobody ever warms the caches.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 900 },
    {
      at: 2400,
      inject: { type: 'http_slow_first_byte', attributes: { delay_ms: 320 }, times: 12 },
      on: 'llm',
      forMs: 1600,
    },
  ],
  recovery: { withinMs: 2600 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
