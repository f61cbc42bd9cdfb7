import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/cut',
  about:
    'Ollama is cut off and comes back: connections are reset, then work again. What was embedded meanwhile by hash must be marked, and must be embedded for real once Ollama is back: a fake vector that stays poisons every later search.',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 2_000 }],
  recovery: { withinMs: 3_500 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
    { check: 'breaker-scope', link: 'ollama' },
    { check: 'retry-amplification', link: 'ollama' },
    { check: 'outage-told', reading: 'degraded-links' },
  ],
});
