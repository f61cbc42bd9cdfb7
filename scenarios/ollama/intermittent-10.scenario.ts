import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/intermittent-10',
  about:
    'One embedding in ten fails with a 500: one of several servers behind a balancer is bad (partial outage). The breaker must stay closed, nine of ten must be embedded live, and each hash that the tenth left must be replaced although there never was an outage to come back from.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 500, shape: 'ollama' }, match: { every: 10 } },
      on: 'ollama',
      forMs: 3500,
    },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'stays-closed', link: 'ollama' },
    { check: 'stays-in-use', link: 'ollama', live: 0.8 },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
