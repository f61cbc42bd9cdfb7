import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/slow-below-timeout',
  about:
    'Every embedding takes 180 ms longer and still comes in time: a busy processor, a larger model (a latency brown-out). No vector may be replaced by a hash because of it, since a hash finds nothing: all requests must be embedded live.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'latency', attributes: { latency: 180 } }, on: 'ollama', forMs: 1800 },
  ],
  recovery: { withinMs: 2200 },
  expect: [
    { check: 'stays-in-use', link: 'ollama', live: 0.9 },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
