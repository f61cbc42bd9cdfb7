import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/blip',
  about:
    'Four embeddings fail and the fifth is good, one below the threshold: a hiccup. A breaker that trips here turns a hiccup into an outage of its own; the four hashes must be replaced.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 503, shape: 'ollama' }, times: 4 },
      on: 'ollama',
      forMs: 1500,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'], atLeast: 2 },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
