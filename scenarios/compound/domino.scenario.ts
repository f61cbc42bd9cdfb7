import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/domino',
  about:
    'One dependency after the other goes while the one before comes back: LLM API, then Ollama, then database (a cascading failure, or a rolling upgrade of the platform). Each breaker must open for its own link alone and close while its neighbour is open; a shared breaker, or a recovery that waits for all to be well, never sees a moment in which all are.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 1500 },
    {
      at: 2700,
      inject: { type: 'http_status', attributes: { status: 500, shape: 'ollama' } },
      on: 'ollama',
      forMs: 1500,
    },
    { at: 3900, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 1200 },
  ],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 30 } },
  ],
});
