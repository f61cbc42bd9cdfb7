import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'operations/rolling-restart',
  about:
    'A deploy exchanges two instances one after the other under load. Each is taken out of the way of new connections, drains, ends in good order and comes back with the queue it had; callers notice next to nothing, and what was acknowledged is there.',
  tags: ['operations', 'nightly'],
  instances: 2,
  traffic: { ratePerSecond: 40, mix: { ask: 2, store: 2, search: 1 } },
  steadyState,
  timeline: [{ at: 1_500, operate: 'rolling-restart', withinMs: 12_000 }],
  recovery: { withinMs: 3_000 },
  expect: [
    // On a machine with nothing else to do it is over in half a second.
    { check: 'answered-through', atLeast: 0.99, requests: 5 },
    { check: 'writes-available', unavailableMsMax: 1_000, atLeast: 1 },
    { check: 'writes-kept' },
  ],
});
