import { defineScenario } from '../../harness/scenario/define.ts';
import { steadyState, traffic } from '../steady.ts';

export default defineScenario({
  name: 'llm/errors',
  about:
    'The LLM API answers 500 to everything, quickly: a bad release at the provider. The commonest outage of all, and the one in which a breaker saves the most wasted calls.',
  tags: ['quick', 'nightly'],
  traffic,
  steadyState,
  timeline: [
    { at: 1_500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'llm', forMs: 2_500 },
  ],
  recovery: { withinMs: 3_000 },
  expect: [
    { check: 'breaker-trips', link: 'llm' },
    { check: 'silent-while-open', link: 'llm' },
    { check: 'fast-rejection', link: 'llm' },
    { check: 'retries-bounded', link: 'llm' },
    { check: 'fallback-served', link: 'llm', by: ['cached', 'default'] },
    { check: 'breaker-recovers', link: 'llm' },
    { check: 'retry-amplification', link: 'llm' },
    { check: 'breaker-scope', link: 'llm' },
    { check: 'degraded-correct', link: 'llm', repeats: ['cached'], empty: ['default'] },
    { check: 'goodput-recovers' },
    { check: 'cached-within-ttl', link: 'llm' },
    { check: 'metrics-agree', link: 'llm', failures: 'llm-failures', successes: 'llm-successes' },
    { check: 'no-false-recovery', link: 'llm' },
    { check: 'known-answers-repeated', link: 'llm' },
    { check: 'outage-told', reading: 'llm-trips' },
    { check: 'outage-told', reading: 'llm-breaker', risesBy: 2 },
    { check: 'outage-told', reading: 'degraded-links' },
  ],
});
