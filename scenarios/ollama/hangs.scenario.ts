import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/hangs',
  about:
    'Ollama takes requests and never answers: its runner has died on the graphics card while the server in front is well (gray failure). Every question, search and write waits for an embedding first, so without a timeout everything stops; hangs must count, and hash vectors must be replaced afterwards.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'ollama', forMs: 1600 },
  ],
  recovery: { withinMs: 2900 },
  expect: [
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'silent-while-open', link: 'ollama' },
    { check: 'fast-rejection', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
    { check: 'breaker-scope', link: 'ollama' },
  ],
});
