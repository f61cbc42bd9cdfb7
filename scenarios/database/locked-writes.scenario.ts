import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/locked-writes',
  about:
    'Another session holds a lock on the table that lets readers in and no writer: a CREATE INDEX without CONCURRENTLY, a transaction somebody left open (lock contention). It is short: longer than Mimo waits, and shorter than PostgreSQL lets a statement wait, so that inserts which Mimo has given up and queued commit after all when it goes. None may be there twice. The lock is real.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, disturb: 'lock-writes', on: 'database', forMs: 800 }],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
