import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/restarted',
  about:
    'PostgreSQL is restarted in good order (SIGINT: fast shutdown), as for a minor upgrade: every session is told to end (57P01) and the server is back within a second, at another address. Short enough that some writes succeed by their retry; each must be there once.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, process: 'restart', on: 'database' }],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database', atLeast: 1 },
  ],
});
