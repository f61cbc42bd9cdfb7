import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'operations/start-without-ollama',
  about:
    'The service is started while Ollama refuses connections. It must be ready all the same and take writes with a marked hash vector; when Ollama is back those are embedded for real.',
  tags: ['operations', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'down' }, on: 'ollama', forMs: 5_000 },
    { at: 1_800, operate: 'restart', withinMs: 4_000 },
  ],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'fallback-served', link: 'ollama', by: ['hash'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 30 } },
  ],
});
