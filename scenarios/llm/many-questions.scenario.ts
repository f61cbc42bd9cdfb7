import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'llm/many-questions',
  about:
    'Every caller asks something new, while the LLM is a little slower than usual (a crawler, an agent in a loop). What is kept for an outage must stay within its bound, however many different questions there are.',
  profile: 'small-caches',
  tags: ['nightly'],
  traffic: { ratePerSecond: 40, mix: { 'ask-new': 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'latency', attributes: { latency: 40 } }, on: 'llm', forMs: 1500 }],
  recovery: { withinMs: 2000 },
  expect: [
    { check: 'reading-bounded', reading: 'answers-kept', atMost: 8, peakAtLeast: 8 },
    { check: 'stays-in-use', link: 'llm', live: 0.9 },
  ],
});
