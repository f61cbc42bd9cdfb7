import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/intermittent-10',
  about:
    'One answer in ten is a 503 for four seconds: one bad replica behind a load balancer (partial outage, gray failure). Eleven failures in all, never two near each other: a breaker that counts failures without letting them age trips here, and takes the nine good answers away with the bad one.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    {
      at: 1500,
      inject: { type: 'http_status', attributes: { status: 503 }, match: { every: 10 } },
      on: 'llm',
      forMs: 4000,
    },
  ],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'llm' },
    { check: 'stays-in-use', link: 'llm', live: 0.8 },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
  ],
});
