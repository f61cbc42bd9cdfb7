import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, writeTraffic } from '../steady.ts';

export default defineScenario({
  name: 'compound/lost-during-start-up',
  about:
    'Mimo is restarted, and while it starts its dependencies go: Ollama hangs and the database is cut (an outage that meets a deploy). It comes up with empty caches and nobody to fill them. A service that calls its dependencies before it listens, or waits for a pool, never becomes ready; this one must be ready, serve what it can and say what it cannot, and find its way back when they do.',
  tags: ['nightly'],
  traffic: writeTraffic,
  steadyState,
  timeline: [
    { at: 1500, operate: 'restart', withinMs: 2500 },
    { at: 1750, inject: { type: 'timeout', attributes: { timeout: 0 } }, on: 'ollama', forMs: 2600 },
    { at: 1750, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'database', forMs: 2600 },
  ],
  recovery: { withinMs: 4000 },
  expect: [
    // quests that come while nobody is there get no answer.
    { check: 'fallback-served', link: 'ollama', by: ['hash'], answered: 0.5 },
    { check: 'fallback-served', link: 'database', by: ['memory'], answered: 0.5 },
    { check: 'breaker-recovers', link: 'ollama' },
    { check: 'breaker-recovers', link: 'database' },
    { check: 'exactly-once' },
    { check: 'audit', name: 'vectors', equals: { mismatched: 0, hashed: 0 }, atLeast: { compared: 40 } },
  ],
});
