import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState } from '../steady.ts';

export default defineScenario({
  name: 'load/metastable',
  about:
    'The LLM API can do forty answers a second, gets thirty, and works on for callers that have gone. It stops for two seconds. Whoever goes on asking meanwhile leaves it with a backlog whose every answer comes too late, and asks for new ones as fast as it works the old ones off: the trigger is gone and the overload stays (a metastable failure). With a breaker the backlog is a few calls: goodput must be back within two seconds and a half, under the same load.',
  profile: 'finite',
  tags: ['nightly'],
  traffic: { ratePerSecond: 30, mix: { ask: 1 }, arrivals: 'constant' },
  steadyState,
  timeline: [{ at: 1500, process: 'pause', on: 'llm', forMs: 2000 }],
  recovery: { withinMs: 3500 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'retry-amplification', link: 'llm' },
    { check: 'goodput-recovers', withinMs: 2500 },
  ],
});
