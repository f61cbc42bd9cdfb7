import { defineScenario } from '../../harness/scenario/define.ts';
import { operationsTraffic, steadyState } from '../steady.ts';

export default defineScenario({
  name: 'operations/rollback',
  about:
    'A deploy is taken back: the schema goes to what it was before the semantic store, then the service is started anew against it. There is one release in this tree, so the one before stands for itself as the same code on the schema it had, without the requests that came later. Facts remembered meanwhile are kept in the memories, the triples are put aside and not dropped.',
  tags: ['operations', 'nightly'],
  before: ['fill'],
  traffic: operationsTraffic,
  steadyState,
  timeline: [
    { at: 1_500, operate: 'migrate-down', withinMs: 3_500 },
    { at: 5_000, operate: 'restart', withinMs: 3_000 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'writes-available', unavailableMsMax: 30_000, atLeast: 1 },
    { check: 'writes-kept' },
    {
      check: 'audit',
      name: 'facts',
      equals: { migrations: 1, putAside: 1, filled: 100_000 },
      atLeast: { facts: 2_020, missing: 1 },
    },
  ],
});
