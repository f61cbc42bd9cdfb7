import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/slow',
  about:
    'PostgreSQL answers, but later than Mimo waits: a failing disk or a checkpoint storm. Statements commit although nobody hears of it, so a write that is replayed without a key is stored twice. The ambiguous commit is the case under test.',
  tags: ['quick', 'nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'latency', attributes: { latency: 600 } }, on: 'database', forMs: 2_000 },
  ],
  recovery: { withinMs: 3_500 },
  expect: [
    { check: 'breaker-trips', link: 'database' },
    { check: 'silent-while-open', link: 'database' },
    { check: 'fast-rejection', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'writes-kept', link: 'database' },
    { check: 'deadline-respected', withinMs: 2_000 },
    { check: 'exactly-once' },
    { check: 'retry-amplification', link: 'database' },
  ],
});
