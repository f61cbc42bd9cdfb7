import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/large-graph',
  about:
    'A hundred thousand triples, and every caller walks from one of them, while the database is a little slower than usual (a graph that has grown). With the index that the walk needs that is a matter of milliseconds; without it each step reads the table from end to end, and the database is busy with nothing else.',
  tags: ['nightly'],
  before: ['fill'],
  traffic: { ratePerSecond: 100, mix: { walk: 1 } },
  steadyState,
  timeline: [
    { at: 2000, inject: { type: 'latency', attributes: { latency: 20 } }, on: 'database', forMs: 1500 },
  ],
  recovery: { withinMs: 2500 },
  expect: [{ check: 'stays-in-use', link: 'database', live: 0.9 }],
});
