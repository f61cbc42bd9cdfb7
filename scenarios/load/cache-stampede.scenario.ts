import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/cache-stampede',
  about:
    'Everybody asks the same question, each is classified by the LLM first, and what is known of it goes stale again and again, while the LLM takes 300 ms (a cache stampede, dogpile). Each time the entry has gone a dozen callers miss it at once: one of them may ask, the others must wait for its answer. Without that the calls per question go up as the LLM gets slower, which makes it slower.',
  profile: 'router',
  tags: ['nightly'],
  traffic: { ratePerSecond: 36, arrivals: 'constant', mix: { 'ask-hot': 1 } },
  steadyState,
  timeline: [{ at: 2000, inject: { type: 'latency', attributes: { latency: 300 } }, on: 'llm', forMs: 2500 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'retry-amplification', link: 'llm', atMost: 1, failures: 0 },
    { check: 'stays-in-use', link: 'llm', live: 0.9 },
    { check: 'deadline-respected', withinMs: 2000 },
  ],
});
