import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/endless-answer',
  about:
    'The LLM API sends 64 MiB of padding before every answer: a runaway generation, a misrouted download. A client without a bound on what it reads collects all of it, times the calls in flight, and dies by memory (resource exhaustion by a dependency); the read must stop at a limit and count as a failure.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'http_huge_body' }, on: 'llm', forMs: 1500 }],
  recovery: { withinMs: 2600 },
  expect: [
    // e link has queued all of it when the client stops reading, so the wire cannot show these failures.
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'], atLeast: 10 },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'reading-bounded', reading: 'memory', growth: 2 },
  ],
});
