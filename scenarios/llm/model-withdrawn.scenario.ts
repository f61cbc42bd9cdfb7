import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/model-withdrawn',
  about:
    "The LLM API answers 404 because the model is no longer there: providers withdraw models at a day's notice. Nothing is down, so the breaker must stay closed and the first question after the model is back must be answered live; until then answers come from the fallback, marked.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 404 } }, on: 'llm', forMs: 1800 },
  ],
  recovery: { withinMs: 2200 },
  expect: [
    { check: 'stays-in-use', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
