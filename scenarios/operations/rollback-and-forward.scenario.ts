import { defineScenario } from '../../harness/scenario/define.ts';
import { operationsTraffic, steadyState } from '../steady.ts';

export default defineScenario({
  name: 'operations/rollback-and-forward',
  about:
    'A deploy is taken back and made again, under load: the schema goes down and up, with a release on each. In the end every triple is where it was, and the facts remembered on the schema between have theirs too.',
  tags: ['operations', 'nightly'],
  before: ['fill'],
  traffic: operationsTraffic,
  steadyState,
  timeline: [
    { at: 1_500, operate: 'migrate-down', withinMs: 3_500 },
    { at: 5_000, operate: 'restart', withinMs: 3_000 },
    { at: 8_500, operate: 'migrate-up', withinMs: 6_000 },
    { at: 14_500, operate: 'restart', withinMs: 3_000 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'writes-available', unavailableMsMax: 30_000, atLeast: 1 },
    { check: 'writes-kept' },
    {
      check: 'audit',
      name: 'facts',
      equals: { migrations: 4, putAside: 0, filled: 100_000, missing: 0 },
      atLeast: { facts: 2_050 },
    },
  ],
});
