import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/one-back-one-gone',
  about:
    "Ollama comes back at the moment at which the database goes: the work that replaces hash vectors needs both and finds one. It must wait for the database's breaker without hammering either, the writes that are queued meanwhile carry real vectors, and in the end no hash may be left.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 1500 },
    { at: 2900, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 1500 },
  ],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
