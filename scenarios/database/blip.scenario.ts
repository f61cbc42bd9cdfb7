import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/blip',
  about:
    "Two statements in a row end with their connection, one below the threshold: an administrator's pg_terminate_backend, one backend that crashed. Writes try again and are stored; the breaker must stay closed, or two unlucky queries take the database away from everybody.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'postgres_kill', times: 2 }, on: 'database', forMs: 1500 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'database' },
    { check: 'stays-in-use', link: 'database', live: 0.9 },
    { check: 'writes-kept', link: 'database' },
  ],
});
