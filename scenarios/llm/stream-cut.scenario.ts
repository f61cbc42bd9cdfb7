import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, streamTraffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/stream-cut',
  about:
    "Streams of the LLM API break after four tokens, in the middle of the next one's JSON: an inference worker that dies in mid-answer. The status was 200 long ago. Who is being answered must see that the answer broke off and not take four words for all; it must count as a failure, and once the breaker is open everybody gets a whole answer from the fallback.",
  tags: ['nightly'],
  traffic: streamTraffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'llm_stream_cut', attributes: { tokens: 4, where: 'mid_json' } },
      on: 'llm',
      forMs: 1900,
    },
  ],
  recovery: { withinMs: 2700 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'], answered: 0.7 },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
