import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/flapping',
  about:
    "Ollama comes and goes with a period near the breaker's open duration: a crash loop by memory, restarted each time. Writes are embedded in part by hash, in part for real; none may end up with a fake vector, and the work that replaces them must not hammer in the down halves.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 500 },
    { at: 2350, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 500 },
    { at: 3200, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 500 },
    { at: 4050, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 500 },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
