import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/llm-and-ollama',
  about:
    "LLM API and Ollama are lost together while the database is well: a provider or a graphics node that serves both (a shared fate nobody drew on the diagram). Questions get neither a live answer nor a real vector; writes must still reach the database, marked, and the database's breaker must not open for what the others do.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 503 } }, on: 'llm', forMs: 2000 },
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 503, shape: 'ollama' } },
      on: 'ollama',
      forMs: 2000,
    },
  ],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-scope', link: 'llm', others: ['database'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'exactly-once' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 30 } },
  ],
});
