import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/killed',
  about:
    'The Ollama process is killed and started again a moment later, as by the kernel when memory runs out. Connections end where they are, new ones are accepted by what stands before it and closed at once; the restarted server has another address and no memory of anybody.',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, process: 'kill', on: 'ollama', forMs: 1_500 }],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
