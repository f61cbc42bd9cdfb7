import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/zero-vectors',
  about:
    'Ollama answers with vectors of zeros: a runner that was handed an empty input, or gave up without saying so (silent data corruption). Well-formed, of the right length, and without any direction: normalised it becomes NaN. It must count as a failure and never be stored.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'embedding_wrong', attributes: { how: 'zeros' } },
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
