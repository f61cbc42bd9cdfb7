import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/slow-below-timeout',
  about:
    'Every answer of the LLM API takes 250 ms longer and still comes in time: a provider under load, not an outage (a latency brown-out). A breaker that counts slow answers, or a timeout shorter than the one declared, makes an outage of it: every question must still be asked and answered live.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'latency', attributes: { latency: 250 } }, on: 'llm', forMs: 1800 }],
  recovery: { withinMs: 2200 },
  expect: [{ check: 'stays-in-use', link: 'llm', live: 0.9 }],
});
