import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/refused',
  about:
    'Ollama refuses connections for a moment, as while its container is replaced (a deploy, a crash with a quick restart). Refusals leave no trace on the link, so the trip is proven by the silence after the heal; what was embedded by hash meanwhile must be embedded for real.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'down' }, on: 'ollama', forMs: 550 }],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'held-open-after-heal', link: 'ollama' },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 40 } },
  ],
});
