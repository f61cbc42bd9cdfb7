import { defineScenario } from '../../../harness/scenario/define.ts';

export default defineScenario({
  name: 'dependency/slow',
  about: 'The dependency takes longer than the service waits.',
  traffic: { ratePerSecond: 20, mix: { ask: 1 } },
  steadyState: [{ check: 'success-ratio', atLeast: 0.99 }],
  timeline: [
    { at: 3_000, inject: { type: 'latency', attributes: { latency: 500 } }, on: 'dependency', forMs: 2_000 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [{ check: 'success-ratio', atLeast: 0.99 }],
});
