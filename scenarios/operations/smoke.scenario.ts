import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'operations/smoke',
  about:
    'After a deploy: every kind of request is answered, each dependency may blink without a caller seeing an unmarked answer, and what was written is there. With the restart and the start without a database it is the smoke pack: npm run smoke.',
  tags: ['operations', 'smoke', 'nightly'],
  traffic: { ratePerSecond: 40, mix: { ask: 3, store: 2, fact: 2, search: 1 } },
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'down' }, on: 'llm', forMs: 500 },
    { at: 3_500, inject: { type: 'down' }, on: 'ollama', forMs: 500 },
    { at: 5_500, inject: { type: 'down' }, on: 'database', forMs: 500 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'writes-kept', link: 'database', atLeast: 1 },
    { check: 'audit', name: 'facts', equals: { missing: 0 }, atLeast: { facts: 10 } },
  ],
});
