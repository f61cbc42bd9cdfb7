import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/pool-exhausted',
  about:
    'Every statement takes 150 ms and Mimo has four connections: a database that is slow under its own load (pool exhaustion, the commonest way in which a slow database stops a service). More is asked than four can do. Who waits for a connection must not wait longer than for an answer: reads go on from memory, writes to the queue, all within their deadline, and when the database is quick again nothing is left of the jam.',
  profile: 'narrow',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'postgres_slow', attributes: { delay_ms: 150 }, match: { statement: 'engrams' } },
      on: 'database',
      forMs: 2500,
    },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'concurrency-bounded', link: 'database', reached: 0.75 },
    { check: 'deadline-respected', withinMs: 1200 },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'goodput-recovers' },
    { check: 'exactly-once' },
  ],
});
