import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'ollama/searches-degraded',
  about:
    'Ollama is gone for a while and everybody searches: the makeshift vectors can find exact repeats and nothing else (search without its model). Nothing may be made up meanwhile, and when Ollama is back the same searches must be real ones again, at once.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 40, mix: { 'search-words': 3, store: 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 2000 }],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'degraded-correct', link: 'ollama', repeats: [], empty: ['hash'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'no-false-recovery', link: 'ollama' },
  ],
});
