import { defineScenario } from '../../../harness/scenario/define.ts';

export default defineScenario({
  name: 'psql/ambiguous-commit',
  about:
    'A script that writes with psql meets an evening of trouble: of every three COMMITs one is carried out and its answer lost, and every fifth insert loses a race (40001). psql exits with 2 where the connection broke and with 3 where a statement failed; who repeats on both, with an insert that can be repeated, loses nothing and writes nothing twice.',
  // Every request is a process or several: more would measure this machine.
  traffic: { ratePerSecond: 6, arrivals: 'constant', mix: { store: 3, count: 1 } },
  steadyState: [{ check: 'success-ratio', atLeast: 0.99 }],
  timeline: [
    {
      at: 2_500,
      inject: { type: 'postgres_cut', attributes: { when: 'after' }, match: { command: 'COMMIT', every: 3 } },
      on: 'database',
      forMs: 3_000,
    },
    {
      at: 2_500,
      inject: {
        type: 'postgres_error',
        attributes: { sqlstate: '40001' },
        match: { command: 'INSERT', every: 5 },
      },
      on: 'database',
      forMs: 3_000,
    },
  ],
  recovery: { withinMs: 5_000 },
  expect: [{ check: 'writes-kept', link: 'database', atLeast: 8 }],
});
