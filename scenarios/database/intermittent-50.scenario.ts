import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/intermittent-50',
  about:
    'Every second statement ends with its connection: half of the poolers are bad (partial outage). Retries hide a failure in ten; here they would double the load on what is left, so the breaker must trip at the third of six and end them.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'postgres_kill', match: { every: 2 } }, on: 'database', forMs: 1800 },
  ],
  recovery: { withinMs: 2700 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
