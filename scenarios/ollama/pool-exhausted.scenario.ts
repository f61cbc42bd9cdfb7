import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/pool-exhausted',
  about:
    'Embeddings take 220 ms and Mimo has room for six at once: a graphics card that is shared (a pool exhausted by slowness). Beyond that texts are embedded by hash at once; the breaker must stay closed, since Ollama answers, and the hashes must be replaced when there is room.',
  profile: 'narrow',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'latency', attributes: { latency: 220 } }, on: 'ollama', forMs: 2300 },
  ],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'concurrency-bounded', link: 'ollama' },
    { check: 'stays-in-use', link: 'ollama', attempted: 0.3, live: 0.3 },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 40 } },
  ],
});
