import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/stale-connections',
  about:
    "Four kept connections to the LLM API are reset when they are used again: an idle timeout of a load balancer that is shorter than the client's (the keep-alive race). A blip below the threshold that says nothing of the API: the breaker must stay closed, and dead connections must not stay in the pool.",
  tags: ['nightly'],
  traffic,
  steadyState,
  timeline: [{ at: 1500, inject: { type: 'http_close_on_reuse', times: 4 }, on: 'llm', forMs: 2000 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'stays-closed', link: 'llm' },
    { check: 'stays-in-use', link: 'llm', live: 0.8 },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'], atLeast: 2 },
  ],
});
