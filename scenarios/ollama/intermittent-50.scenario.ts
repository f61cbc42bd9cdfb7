import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/intermittent-50',
  about:
    'Every second embedding fails with a 500 (partial outage, the worst case for breakers that count in a row): the window must trip at the fifth, and three probes in a row cannot all be good while it lasts. The background work that replaces hashes must stand behind the same breaker.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 500, shape: 'ollama' }, match: { every: 2 } },
      on: 'ollama',
      forMs: 1800,
    },
  ],
  recovery: { withinMs: 2900 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
