import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/unauthorised',
  about:
    'The LLM API answers 401 to every call: the key was revoked or has expired. The API works and refuses, and no waiting will help: a breaker that opens on a 4xx hides a mistake of the operator behind an outage, so every question must still be tried, and be answered from the fallback meanwhile.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 401 } }, on: 'llm', forMs: 1800 },
  ],
  recovery: { withinMs: 2200 },
  expect: [
    { check: 'stays-in-use', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
