import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/starting-up',
  about:
    'PostgreSQL is killed and recovers from its log when it is started again: crash recovery, as after the kernel has killed a backend for its memory. Sessions end where they are, what was under way may have been committed, and the server turns away (57P03) who comes while it recovers. Nothing acknowledged may be lost.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, process: 'kill', on: 'database', forMs: 1000 }],
  recovery: { withinMs: 3500 },
  expect: [
    // fused connections are not seen by the link, so failures are not counted here.
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
  ],
});
