import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/slow-everywhere',
  about:
    "All three dependencies are slow and all are in time: a network that loses packets, a zone under pressure (a brown-out of the platform). Each delay alone is borne; added up they must stay within the request's deadline, and no breaker may open, since nothing fails.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'latency', attributes: { latency: 150, jitter: 40 } },
      on: 'llm',
      forMs: 2500,
    },
    {
      at: 1500,
      inject: { type: 'latency', attributes: { latency: 80, jitter: 20 } },
      on: 'ollama',
      forMs: 2500,
    },
    {
      at: 1500,
      inject: { type: 'latency', attributes: { latency: 25, jitter: 8 } },
      on: 'database',
      forMs: 2500,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-in-use', link: 'llm', live: 0.9 },
    { check: 'stays-in-use', link: 'ollama', live: 0.9 },
    { check: 'stays-in-use', link: 'database', live: 0.9 },
    { check: 'deadline-respected', withinMs: 2000 },
  ],
});
