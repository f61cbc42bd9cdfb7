import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/idle-sessions-ended',
  about:
    "Every idle session is ended by the server, once: an idle timeout of a firewall, a pooler or a policy, shorter than the client's own. The classical way in which a driver's unheard error event ends a whole process, and a pool hands out dead connections (false recovery). Nobody may notice: nothing may be queued, served from memory or lost. They are really ended.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, disturb: 'end-idle', on: 'database', forMs: 1500 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-in-use', link: 'database', live: 0.97 },
    { check: 'exactly-once' },
    { check: 'no-false-recovery', link: 'database' },
  ],
});
