import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/classify-stampede',
  about:
    'Everybody has the same question classified, what is known of it goes stale again and again, and the LLM takes 250 ms (a cache stampede, dogpile). Each time the entry has gone a dozen callers miss it at once: one may ask, the others must wait for its answer.',
  profile: 'router',
  tags: ['nightly'],
  traffic: { ratePerSecond: 40, arrivals: 'constant', mix: { 'classify-hot': 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'latency', attributes: { latency: 250 } }, on: 'llm', forMs: 3000 }],
  recovery: { withinMs: 2000 },
  expect: [
    { check: 'no-stampede', link: 'llm' },
    { check: 'deadline-respected', withinMs: 2000 },
  ],
});
