import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/reset',
  about:
    'Every connection to PostgreSQL is reset while statements are under way, as when its host dies. Each try is visible here, so this is where retries are counted: few, spaced, and none once the breaker is open.',
  tags: ['quick', 'nightly'],
  // Some ask for what was just written: whoever was told that it is kept must find it.
  traffic: { ...writeTraffic, mix: { ...writeTraffic.mix, find: 2 } },
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 1_800 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
    { check: 'retry-amplification', link: 'database' },
    { check: 'exactly-once' },
    { check: 'read-your-writes', link: 'database' },
    { check: 'no-false-recovery', link: 'database' },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
    { check: 'reading-bounded', reading: 'queue', atMost: 10_000, peakAtLeast: 5 },
    { check: 'outage-told', reading: 'degraded-links' },
  ],
});
