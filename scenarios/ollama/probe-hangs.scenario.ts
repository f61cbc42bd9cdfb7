import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/probe-hangs',
  about:
    'Ollama fails quickly, and hangs by the time the probes go out: a server that is up again and whose model is not (an outage that changes its face). Probes must be few, must time out and must reopen the breaker; a probe that hangs unlimited leaves it half-open for ever, and everybody served by hash.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 500, shape: 'ollama' } },
      on: 'ollama',
      forMs: 600,
    },
    { at: 2100, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'ollama', forMs: 1500 },
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
