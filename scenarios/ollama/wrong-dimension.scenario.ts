import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/wrong-dimension',
  about:
    'Ollama answers with vectors of 384 numbers instead of 768: somebody has changed the model behind the name (a silent incompatible change). Stored, such a vector is lost to every search and nobody notices; it must count as a failure, and none may be found in the database.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'embedding_wrong', attributes: { how: 'dimension' } },
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
