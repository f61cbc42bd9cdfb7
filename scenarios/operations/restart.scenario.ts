import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'operations/restart',
  about:
    'The only instance is told to end under load and started anew: it answers what it has begun, ends in good order, and nothing it has acknowledged is lost. While it is away its callers are refused; for how long is measured.',
  tags: ['operations', 'smoke', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, operate: 'restart', withinMs: 4_000 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'writes-available', unavailableMsMax: 5_000, atLeast: 1 },
    { check: 'writes-kept', atLeast: 1 },
  ],
});
