import { defineScenario } from '../../harness/scenario/define.ts';
import { operationsTraffic, steadyState } from '../steady.ts';

export default defineScenario({
  name: 'operations/migrate',
  about:
    'A deploy migrates the database while the service takes writes: from the schema before the semantic store to the newest, over 100,000 triples and 2,000 facts. Making the table locks the memories for a moment, in which writes go to the queue; the five indexes are built beside the writers.',
  tags: ['operations', 'nightly'],
  before: ['fill', 'migrate-down'],
  traffic: operationsTraffic,
  steadyState,
  timeline: [{ at: 1_500, operate: 'migrate-up', withinMs: 10_000 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'writes-available', unavailableMsMax: 30_000, atLeast: 1 },
    // On a machine with nothing else to do it is over in half a second.
    { check: 'answered-through', atLeast: 0.99, requests: 5 },
    { check: 'writes-kept' },
    {
      check: 'audit',
      name: 'facts',
      equals: { migrations: 4, putAside: 0, filled: 100_000, missing: 0 },
      atLeast: { facts: 2_020 },
    },
  ],
});
