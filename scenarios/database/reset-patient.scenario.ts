import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/reset-patient',
  about:
    'PostgreSQL resets every connection, and the policy is one of many tries and a breaker that bears forty failures (retries and breaker that were tuned one by one). Each failed try must count, and an open breaker must end the tries of those who wait: else one failure of the breaker is six of the database.',
  profile: 'patient',
  tags: ['nightly'],
  traffic: { ratePerSecond: 40, mix: { store: 1 } },
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2000 }],
  recovery: { withinMs: 3500 },
  expect: [
    // Who finds writes queued before it makes no attempt, open or not; so nothing is asked of when it trips.
    { check: 'silent-while-open', link: 'database' },
    { check: 'retries-bounded', link: 'database' },
    { check: 'exactly-once', atLeast: 60 },
  ],
});
