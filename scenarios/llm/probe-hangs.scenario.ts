import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/probe-hangs',
  about:
    'The LLM API fails quickly, the breaker opens, and when its probes go out the API has begun to hang (an outage that changes its face: overloaded after being restarted). The half-open state is where breakers leak: no more than three probes may hang at once, everybody else must be turned away at once and not wait behind them, and a probe that times out must reopen the breaker.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 700 },
    { at: 2200, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'llm', forMs: 1900 },
  ],
  recovery: { withinMs: 2800 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
