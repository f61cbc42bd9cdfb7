import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'database/contention-patient',
  about:
    'One insert in four fails for contention, against a policy with many tries and long waits: a batch job beside the writers. The waits before the second try must be spread: without jitter those who failed together come back together, and fail together again.',
  profile: 'patient',
  tags: ['nightly'],
  traffic: { ratePerSecond: 16, mix: { store: 1 } },
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: {
        type: 'postgres_error',
        attributes: { sqlstate: '40001', message: 'could not serialize access due to concurrent update' },
        match: { statement: 'insert into engrams', every: 4 },
      },
      on: 'database',
      forMs: 4500,
    },
  ],
  recovery: { withinMs: 2000 },
  expect: [
    { check: 'retries-spread', link: 'database' },
    { check: 'exactly-once', atLeast: 20 },
  ],
});
