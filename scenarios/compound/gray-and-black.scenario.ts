import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/gray-and-black',
  about:
    'Each dependency fails in another way at the same time: the LLM API is too slow, Ollama loses every second call, the database is cut off (a large incident seen from inside, when nothing fails alike). Every mechanism is needed at once; an answer must still come, within its deadline, and say what of it is not live.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'latency', attributes: { latency: 900 } }, on: 'llm', forMs: 2200 },
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 500, shape: 'ollama' }, match: { every: 2 } },
      on: 'ollama',
      forMs: 2200,
    },
    { at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2200 },
  ],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'breaker-trips', link: 'ollama' },
    { check: 'breaker-trips', link: 'database' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'deadline-respected', withinMs: 2000 },
    { check: 'exactly-once' },
  ],
});
