import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/chain-first-down',
  about:
    'The first of two LLM providers answers 500 to everything. The second answers in its place, and every answer says so; the breaker of the first spares it the calls, and the first is asked again once it is back.',
  profile: 'chain',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 2_500 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    // The next provider is the retry: none is tried twice.
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['backup'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
