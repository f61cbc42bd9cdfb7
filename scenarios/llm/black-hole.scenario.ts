import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/black-hole',
  about:
    'Packets to the LLM API vanish: open connections fall silent and the dial of new ones is never answered, as behind a lost route or a firewall that drops. Only a timeout of the target ends such a wait, and it must count like any other failure.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1_500, inject: { type: 'black_hole' }, on: 'llm', forMs: 900 }],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'held-open-after-heal', link: 'llm' },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
