import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/brown-out',
  about:
    'One answer in five is far too late, the others are as ever: a brown-out, as of one replica that pages or collects garbage. Averages and medians look well. The breaker must stay closed (two of ten calls), each late call must cost no more than its timeout and be served from the fallback, and the four good ones must not be slowed by it.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_slow_first_byte', attributes: { delay_ms: 1500 }, match: { every: 5 } },
      on: 'llm',
      forMs: 3500,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'llm' },
    { check: 'stays-in-use', link: 'llm', live: 0.7 },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
