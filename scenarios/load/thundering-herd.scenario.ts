import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/thundering-herd',
  about:
    'The database is away for two seconds under a high load of writes, so some hundred of them wait when it is back, and as many callers (a thundering herd on recovery). They must not all come at once: two probes first, then the queue one by one behind new work, on no more connections than before, and all must be stored once in time.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 50, mix: { store: 6, search: 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2000 }],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'concurrency-bounded', link: 'database', reached: 0.1 },
    { check: 'reading-bounded', reading: 'queue', atMost: 10000, peakAtLeast: 40 },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'goodput-recovers' },
    { check: 'exactly-once', atLeast: 80 },
  ],
});
