import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/slow-recovery',
  about:
    'The LLM API comes back by degrees after a bad release: every answer fails, then every second one, then all are good and slow, then all is well. Recoveries of large systems look like this, and a breaker that closes too soon on one good answer (or stays open because of slow ones) turns a partial recovery into another outage.',
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1500, inject: { type: 'http_status', attributes: { status: 503 } }, on: 'llm', forMs: 1200 },
    {
      at: 2700,
      inject: { type: 'http_status', attributes: { status: 503 }, match: { every: 2 } },
      on: 'llm',
      forMs: 1200,
    },
    { at: 3900, inject: { type: 'latency', attributes: { latency: 200 } }, on: 'llm', forMs: 1200 },
  ],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
  ],
});
