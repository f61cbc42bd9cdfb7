import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/flapping',
  about:
    'The LLM API comes and goes with a period near the open duration of the breaker: a crash loop, a flapping route. Each probe may meet either half. A breaker that closes on a single good answer, or keeps credit from an earlier half-open stretch, lets a burst into every down half; this one must be silent, probe by threes, and be closed soon after the flapping ends.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 600 },
    { at: 2550, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 600 },
    { at: 3600, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 600 },
    { at: 4650, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 600 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
