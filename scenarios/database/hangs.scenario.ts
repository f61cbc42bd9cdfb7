import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/hangs',
  about:
    'PostgreSQL takes statements and never answers, on open connections and new ones: a storage volume that has stopped (gray failure, the process is up). Connections are held for as long as the limit lets them: without one the pool is empty in a moment and reads stop with it.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'database', forMs: 1800 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fast-rejection', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
