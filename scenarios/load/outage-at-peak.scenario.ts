import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/outage-at-peak',
  about:
    'The LLM API fails at the peak of the day: the load has just quadrupled and stays (an outage at peak). The failures come four times as fast, more calls are under way as the breaker opens, and the fallback must carry the whole peak; when the API is back the peak is still there, and the probes must let it in by threes and not all at once.',
  tags: ['nightly'],
  traffic: {
    ratePerSecond: 15,
    ramp: [{ toRatePerSecond: 60, forMs: 1500 }],
    mix: { ask: 2, store: 1, search: 1 },
  },
  steadyState,
  timeline: [
    { at: 2000, inject: { type: 'http_status', attributes: { status: 503 } }, on: 'llm', forMs: 2000 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'retry-amplification', link: 'llm' },
    { check: 'no-head-of-line-blocking', link: 'llm' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'goodput-recovers' },
  ],
});
