import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/paused',
  about:
    'PostgreSQL and every session of it stop in mid-statement and go on two seconds later: a frozen virtual machine, a stalled disk. Connections stay open, nothing answers, and what had been sent is carried out after all when it wakes: what Mimo wrote again meanwhile must not be there twice.',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1_500, process: 'pause', on: 'database', forMs: 2_000 }],
  recovery: { withinMs: 3_500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
