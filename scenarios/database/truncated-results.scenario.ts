import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/truncated-results',
  about:
    'Connections to PostgreSQL break off after 2,000 bytes of results: a middlebox with a limit, a pooler that dies in mid-result. Half a result is no result: a client that takes the rows it has for all of them loses memories without an error (a silent partial read).',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'limit_data', attributes: { bytes: 2000 } }, on: 'database', forMs: 1800 },
  ],
  recovery: { withinMs: 2700 },
  expect: [
    { check: 'breaker-recovers', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'exactly-once' },
    { check: 'no-false-recovery', link: 'database' },
  ],
});
