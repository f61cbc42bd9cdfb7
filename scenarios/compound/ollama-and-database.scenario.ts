import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/ollama-and-database',
  about:
    'Ollama and database are lost together: the rack at home, while the LLM API elsewhere is well. Writes are embedded by hash and queued, so each has to be replayed first and embedded for real afterwards: two recoveries that depend on each other. None may be lost, doubled or left with a fake vector.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 1800 },
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 1800 },
  ],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
