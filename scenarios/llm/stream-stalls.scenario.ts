import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, streamTraffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/stream-stalls',
  about:
    'Streams of the LLM API stand still after three tokens while keep-alives go on coming: a worker that is stuck behind a healthy gateway (gray failure). Bytes flow, so a limit on silence never ends it; only a limit on the time between tokens does. It must count, and nobody may be left with half an answer that looks whole.',
  tags: ['nightly'],
  // Evenly spaced: how many streams are under way until the breaker trips is not left to chance.
  traffic: { ...streamTraffic, arrivals: 'constant' },
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'llm_stall', attributes: { tokens: 3, keep_alive_ms: 100 } },
      on: 'llm',
      forMs: 1900,
    },
  ],
  recovery: { withinMs: 2800 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'deadline-respected', withinMs: 2000 },
  ],
});
