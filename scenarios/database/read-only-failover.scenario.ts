import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/read-only-failover',
  about:
    'A failover that is half done: PostgreSQL cuts everybody off for a moment, then takes connections and reads, and refuses every write with 25006, as a standby does before it is promoted. A client that looks only at connections believes all is well; writes must be queued until the server is really a primary again. The server is really read-only.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 300 },
    { at: 1500, disturb: 'read-only', on: 'database', forMs: 2000 },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 20 },
  ],
});
