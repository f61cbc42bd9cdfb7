import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/retry-storm',
  about:
    "At the peak of writes half of the database's statements end with their connection. Each write may try three times, so the retries alone would double the load on a database that has half its strength (a retry storm). The breaker must end them at the third failure in six, attempts must stay within what is declared, and goodput must be back although the load stays.",
  tags: ['nightly'],
  traffic: {
    ratePerSecond: 20,
    ramp: [{ toRatePerSecond: 48, forMs: 1500 }],
    mix: { ask: 1, store: 5, search: 2 },
  },
  steadyState,
  timeline: [
    { at: 2000, inject: { type: 'postgres_kill', match: { every: 2 } }, on: 'database', forMs: 2000 },
  ],
  recovery: { withinMs: 3300 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'retry-amplification', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'exactly-once' },
    { check: 'goodput-recovers' },
  ],
});
