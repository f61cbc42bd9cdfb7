import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/model-missing',
  about:
    'Ollama answers 404 "model not found, try pulling it first": its volume was lost and it came up empty (a restore without its data). The server works and refuses, so no breaker may open; hash vectors stand in, marked, and every one is replaced once the model has been pulled.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'http_status',
        attributes: {
          status: 404,
          shape: 'ollama',
          body: '{"error":"model \\"nomic-embed-text\\" not found, try pulling it first"}',
        },
      },
      on: 'ollama',
      forMs: 1600,
    },
  ],
  recovery: { withinMs: 2900 },
  expect: [
    { check: 'stays-in-use', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
