import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/not-a-number',
  about:
    'Ollama answers with NaN in its vectors, which it prints as a bare word that is no JSON: an overflow in half precision (silent data corruption). A parser that lets it through poisons every similarity it meets; it must count as a failure.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'embedding_wrong', attributes: { how: 'nan' } }, on: 'ollama', forMs: 1600 },
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
