import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/model-reload',
  about:
    'Ollama is restarted and loads its model at the first call, for 900 ms, three times as long as anybody waits (a cold start). Calls time out although nothing is wrong any more: the breaker must not be kept open by its own probes, the background work must not pile up calls on a server that is loading, and hashes must be replaced.',
  profile: 'loading',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, process: 'restart', on: 'ollama' }],
  recovery: { withinMs: 4500 },
  expect: [
    // e restart is over in a moment; the loading is what is borne.
    { check: 'goodput-recovers', withinMs: 4000 },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 50 } },
  ],
});
