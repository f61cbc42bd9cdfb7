import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/name-lost',
  about:
    'The name of the LLM API cannot be resolved for a moment and its connections are lost with it: a failed DNS server, a record that expired. Nothing reaches the network, so it must be the failed lookups that count, and pooled connections must not hide that the name is gone.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_480, process: 'hide-name', on: 'llm', forMs: 720 },
    { at: 1_500, inject: { type: 'accept_then_fin' }, on: 'llm', forMs: 700 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'held-open-after-heal', link: 'llm' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
