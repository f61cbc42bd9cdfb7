import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/half-open-herd',
  about:
    "The LLM API fails for one open duration under a load of sixty questions a second; a second's worth of them stands ready when the breaker may probe (a herd at the half-open door). Three may pass. A breaker that admits everybody for as long as no probe has answered sends all of them to a server that has just got up, and it lies down again.",
  tags: ['nightly'],
  traffic: { ratePerSecond: 60, mix: { ask: 1 } },
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 700 },
    {
      at: 2200,
      inject: { type: 'http_slow_first_byte', attributes: { delay_ms: 250 } },
      on: 'llm',
      forMs: 1800,
    },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'goodput-recovers' },
  ],
});
