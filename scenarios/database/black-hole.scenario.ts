import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'database/black-hole',
  about:
    "Packets to PostgreSQL vanish: the primary's host is lost without a word, as in a zone failure before the failover (a partition). Neither FIN nor RST comes; only Mimo's own limit ends the wait. Writes are queued and acknowledged, and each is in the database once afterwards, also those whose statement arrives late.",
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'black_hole' }, on: 'database', forMs: 520 }],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'held-open-after-heal', link: 'database' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'fallback-served', link: 'database', by: ['memory'] },
    { check: 'writes-kept', link: 'database' },
  ],
});
