import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/spike',
  about:
    'The load goes up fivefold within half a second and stays, while Ollama is at the edge of what is borne (a flash crowd on a slow dependency). All is in time, so every request must be served live: a bulkhead that is too small, or one queue for all, makes an outage of a good day.',
  tags: ['nightly'],
  traffic: {
    ratePerSecond: 10,
    ramp: [
      { toRatePerSecond: 10, forMs: 1500 },
      { toRatePerSecond: 50, forMs: 500 },
    ],
    mix: { ask: 7, store: 2, search: 1 },
  },
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'latency', attributes: { latency: 120 } }, on: 'ollama', forMs: 2500 },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-in-use', link: 'ollama', live: 0.9 },
    { check: 'deadline-respected', withinMs: 2000 },
    { check: 'goodput-recovers' },
  ],
});
