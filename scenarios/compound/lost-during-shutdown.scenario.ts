import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'compound/lost-during-shutdown',
  about:
    'Mimo is told to end (SIGTERM) while the LLM API hangs and the database is cut, with calls under way and writes in the queue (a deploy that meets an outage). A drain that waits for what hangs is killed with the queue half written. It must end in good order within its limits, start again while they are still away, and replay from disk what the process before has acknowledged.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 44, mix: { ask: 2, store: 5, search: 1 } },
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'llm', forMs: 3500 },
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 3500 },
    { at: 2300, operate: 'restart', withinMs: 2700 },
  ],
  recovery: { withinMs: 4000 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'exactly-once', atLeast: 60 },
    { check: 'nothing-left-behind', link: 'database', readings: { queue: 0 } },
  ],
});
