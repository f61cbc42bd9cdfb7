import { defineScenario } from '../../harness/scenario/define.ts';

export default defineScenario({
  name: 'ollama/mcp-searches',
  about:
    'Ollama is gone while agents search over MCP: a search that cannot look is a tool error, not an empty list (a protocol under an outage). Each reply must bear the id of its question, the errors too: a client throws away what it cannot match, and waits.',
  tags: ['nightly'],
  traffic: { ratePerSecond: 30, mix: { 'mcp-search': 3, search: 1 } },
  steadyState: [
    { check: 'success-ratio', atLeast: 0.99 },
    { check: 'latency', percentile: 95, belowMs: 500 },
  ],
  timeline: [{ at: 1500, inject: { type: 'reset_peer', stream: 'upstream' }, on: 'ollama', forMs: 2000 }],
  recovery: { withinMs: 2500 },
  expect: [
    { check: 'answers-have', request: 'mcp-search' },
    { check: 'breaker-recovers', link: 'ollama' },
  ],
});
