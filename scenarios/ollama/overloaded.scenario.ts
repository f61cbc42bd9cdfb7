import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/overloaded',
  about:
    'Ollama answers 503 "server busy, maximum pending requests exceeded" to everything: its queue is full (load shedding). Each further call only lengthens the queue; the breaker must open, and the work that replaces hashes must wait as well.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'http_status',
        attributes: {
          status: 503,
          shape: 'ollama',
          body: '{"error":"server busy, please try again. maximum pending requests exceeded"}',
        },
      },
      on: 'ollama',
      forMs: 1600,
    },
  ],
  recovery: { withinMs: 2900 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fast-rejection', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
