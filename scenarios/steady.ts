/** What every scenario of the bundled target shares: its load, and what "all is well" means. */
import type { ScenarioInput } from '../harness/model/scenario.ts';

/** Thirty requests a second, of all three kinds: enough to trip every breaker within 300 ms of an outage. */
export const traffic: ScenarioInput['traffic'] = {
  ratePerSecond: 32,
  mix: { ask: 5, store: 2, search: 1 },
};

/** Answered, quickly, and from the real dependencies. */
export const steadyState: ScenarioInput['steadyState'] = [
  { check: 'success-ratio', atLeast: 0.99 },
  { check: 'served-live', atLeast: 0.95 },
  { check: 'latency', percentile: 95, belowMs: 500 },
];
