import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/cut-mid-answer',
  about:
    'The connection to the LLM API breaks after 60 bytes of a JSON answer, status 200 long received: a proxy that was restarted in mid-response. A client that has seen the status believes in a success; half an answer must count as a failure and never be served or kept.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_body_cut', attributes: { bytes: 60 } }, on: 'llm', forMs: 1700 },
  ],
  recovery: { withinMs: 2600 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
