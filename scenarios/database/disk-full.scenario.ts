import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/disk-full',
  about:
    "PostgreSQL's disk is full: every insert fails with 53100 while reads are as ever (a resource exhausted in the dependency; write-ahead log that nobody archives fills a volume). A service that takes it for a mistake in its data drops the writes. They must be queued, acknowledged as queued, and stored once when there is room.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_error',
        attributes: {
          sqlstate: '53100',
          message: 'could not extend file "base/16384/16397": No space left on device',
        },
        match: { statement: 'insert into engrams' },
      },
      on: 'database',
      forMs: 2500,
    },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
  ],
});
