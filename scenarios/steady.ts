/** What every scenario of the bundled target shares: its load, and what "all is well" means. */
import type { ScenarioInput } from '../harness/model/scenario.ts';

/**
 * Forty requests a second, mostly questions: enough of each kind to trip every breaker within 300 ms of
 * an outage, and that chance leaves no window empty (below 1 in 10,000 for the narrowest).
 */
export const traffic: ScenarioInput['traffic'] = {
  ratePerSecond: 40,
  mix: { ask: 7, store: 2, search: 1 },
};

/** The same, mostly writes: for outages of the database and of Ollama, which every write needs. */
export const writeTraffic: ScenarioInput['traffic'] = {
  ratePerSecond: 48,
  mix: { ask: 1, store: 5, search: 2 },
};

/** Questions whose answers come in pieces, and some of the rest. */
export const streamTraffic: ScenarioInput['traffic'] = {
  ratePerSecond: 40,
  mix: { 'ask-stream': 7, store: 2, search: 1 },
};

/** What every schema since the first can serve: no questions, which look for relations. */
export const operationsTraffic: ScenarioInput['traffic'] = {
  ratePerSecond: 45,
  mix: { store: 2, fact: 3, search: 1 },
};

/** Answered, quickly, and from the real dependencies. */
export const steadyState: ScenarioInput['steadyState'] = [
  { check: 'success-ratio', atLeast: 0.99 },
  { check: 'served-live', atLeast: 0.95 },
  { check: 'latency', percentile: 95, belowMs: 500 },
];
