import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/replay-cut-again',
  about:
    'The database comes back, and goes again while the writes of the first outage are being replayed (a failover that fails over again). Some are stored whose acknowledgement is lost, the rest is still queued, new ones come: each must be there once at the end, in spite of two ambiguous moments.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 1500 },
    // As long as a probe takes to come, whenever the breaker opened last.
    {
      at: 3000,
      inject: {
        type: 'postgres_cut',
        attributes: { when: 'after' },
        match: { statement: 'insert into engrams', every: 2 },
      },
      on: 'database',
      forMs: 900,
    },
    { at: 3900, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 700 },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
  ],
});
