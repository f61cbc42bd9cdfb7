import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'ollama/black-hole',
  about:
    'Packets to Ollama vanish: a security group that was changed, a node that has lost its network (a partition). Open connections fall silent and new ones are never answered; only a limit on the whole call ends the wait, connecting included.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'black_hole' }, on: 'ollama', forMs: 650 }],
  recovery: { withinMs: 3000 },
  expect: [
    { check: 'held-open-after-heal', link: 'ollama' },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'fallback-served', link: 'ollama', by: ['hash'] },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 40 } },
  ],
});
