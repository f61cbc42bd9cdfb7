import type { ScenarioInput } from '../../harness/model/scenario.ts';
import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

const LINKS = ['llm', 'ollama', 'database'];
/** Ten minutes from the first fault to the last heal; a link flaps every two seconds, each in turn. */
const SOAK_MS = 600_000;
const EVERY_MS = 2_000;
const DOWN_MS = 300;
const FIRST_MS = 2_000;

const timeline = Array.from({ length: SOAK_MS / EVERY_MS }, (_, i) => ({
  at: FIRST_MS + i * EVERY_MS,
  inject: { type: 'down' },
  on: LINKS[i % LINKS.length] ?? '',
  forMs: DOWN_MS,
})) satisfies ScenarioInput['timeline'];

export default defineScenario({
  name: 'operations/soak',
  about:
    'Ten minutes in which a link flaps every two seconds. Nothing may pile up: memory, queue and requests in flight are in the end what they were after four minutes, and no acknowledged write is lost of some thousand.',
  profile: 'soak',
  tags: ['operations', 'long'],
  traffic: { ratePerSecond: 20, mix: { ask: 2, store: 2, search: 1 } },
  steadyState,
  timeline,
  recovery: { withinMs: 5_000 },
  expect: [
    // V8 sizes its heap to the load first.
    { check: 'reading-flat', reading: 'memory', driftRatioMax: 0.05, afterMs: 240_000 },
    { check: 'reading-bounded', reading: 'queue', atMost: 200 },
    { check: 'reading-bounded', reading: 'in-flight', atMost: 64 },
    { check: 'writes-kept', link: 'database', atLeast: 100 },
    { check: 'goodput-recovers' },
  ],
});
