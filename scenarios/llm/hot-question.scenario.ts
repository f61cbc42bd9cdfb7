import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'llm/hot-question',
  about:
    'One question is asked again and again among many that are asked once, and the cache of classifications holds six (a hot key in a small cache), while the LLM is slower than usual. The hot one must stay in the cache, and nobody who asks something else may wait for others who do.',
  profile: 'small-caches',
  tags: ['nightly'],
  traffic: { ratePerSecond: 36, mix: { 'classify-hot': 1, 'classify-new': 1 } },
  steadyState,
  timeline: [{ at: 2000, inject: { type: 'latency', attributes: { latency: 180 } }, on: 'llm', forMs: 3000 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'hot-kept', link: 'llm', request: 'classify-hot' },
    { check: 'deadline-respected', withinMs: 900 },
  ],
});
