import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/probe-hangs',
  about:
    'PostgreSQL resets connections, and hangs by the time the probes go out: a restart whose recovery takes its time (an outage that changes its face). Two probes at most may hang, each for its own limit, and no request may wait for them.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 500 },
    { at: 2000, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'database', forMs: 1600 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fast-rejection', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
