import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/locked-out',
  about:
    "Another session holds ACCESS EXCLUSIVE on the table, as an ALTER TABLE does that waits for somebody else inside its transaction (the migration that took the site down). Reads and writes hang alike, on connections that are well. Mimo's own limit must end each wait, the breaker must open, and nothing that hung may be doubled when the lock goes.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, disturb: 'lock-all', on: 'database', forMs: 1800 }],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fast-rejection', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
  ],
});
