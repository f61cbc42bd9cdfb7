import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/all-three',
  about:
    'LLM API, Ollama and PostgreSQL are lost at the same moment, as when a zone or a network goes. Mimo has nobody left to ask: it must go on answering from what it holds, say so, lose nothing, and come back on all three.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'llm', forMs: 2_000 },
    { at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 2_000 },
    { at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2_000 },
  ],
  recovery: { withinMs: 4_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 30 } },
  ],
});
