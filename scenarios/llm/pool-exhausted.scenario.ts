import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/pool-exhausted',
  about:
    "Answers of the LLM API take 300 ms and Mimo has room for six calls at once, so the load needs more places than there are (a pool exhausted by slowness, Little's law). Calls beyond must be turned away at once to the fallback, not queue without a bound; a full pool says nothing of the API, so the breaker must stay closed; and what needs no LLM must not feel it.",
  profile: 'narrow',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'latency', attributes: { latency: 300 } }, on: 'llm', forMs: 2500 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'concurrency-bounded', link: 'llm' },
    { check: 'stays-in-use', link: 'llm', attempted: 0.3, live: 0.3 },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'no-head-of-line-blocking', link: 'llm' },
    { check: 'breaker-scope', link: 'llm' },
  ],
});
