import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/hangs',
  about:
    'The LLM API takes requests and never answers, as an overloaded inference queue or a lost route does. The worst case for a service whose outer deadline ends a call before anybody counts it: hangs must count as failures.',
  tags: ['quick', 'nightly'],
  // Half of it does not need the LLM: enough that none of its windows is left to chance.
  traffic: { ...traffic, mix: { ask: 5, store: 3, search: 2 } },
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'llm', forMs: 2_600 }],
  recovery: { withinMs: 3_500 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'retry-amplification', link: 'llm' },
    { check: 'deadline-respected', withinMs: 2_000 },
    { check: 'no-head-of-line-blocking', link: 'llm' },
    { check: 'nested-budgets' },
    { check: 'nothing-left-behind', link: 'llm', readings: { 'in-flight': 0 } },
    { check: 'reading-bounded', reading: 'memory', growth: 2 },
  ],
});
