import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/answers-stale',
  about:
    "The LLM API answers 500 for longer than a kept answer is good for (a long outage behind a short time to live). While they are good, answers are repeated with their age; after that nobody is told yesterday's news as today's.",
  profile: 'forgetful',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 2000, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 3500 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'cached-within-ttl', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'degraded-correct', link: 'llm', repeats: ['cached'], empty: ['default'] },
  ],
});
