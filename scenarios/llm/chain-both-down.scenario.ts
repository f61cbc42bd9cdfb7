import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/chain-both-down',
  about:
    'Both LLM providers answer 500, as when they share a cloud. Each breaker trips by itself and spares its provider; answers come from earlier ones or say that there is none. The second is no longer needed once the first is back.',
  profile: 'chain',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 2_500 },
    { at: 1_500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm-2', forMs: 2_500 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'llm-2' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'silent-while-open', link: 'llm-2' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'retries-bounded', link: 'llm-2' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
