import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/server-full',
  about:
    'Sessions of somebody else take every place of PostgreSQL, and what Mimo had is ended (connection exhaustion by a neighbour that leaks them; 53300, sorry, too many clients already). The refusal comes at connecting, where many services have neither retry nor breaker; it must count like any failure. The places are really taken.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, disturb: 'take-sessions', on: 'database', forMs: 2000 }],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
