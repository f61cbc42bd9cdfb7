import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/brown-out',
  about:
    'One embedding in eight is far too late: requests that share a batch with a long text (a brown-out). One or two of ten calls time out, so the breaker stays closed; the good ones must not wait behind the late one, and each late one must cost one timeout and no more.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_slow_first_byte', attributes: { delay_ms: 1200 }, match: { every: 8 } },
      on: 'ollama',
      forMs: 3000,
    },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'stays-closed', link: 'ollama' },
    { check: 'stays-in-use', link: 'ollama', live: 0.75 },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 60 } },
  ],
});
