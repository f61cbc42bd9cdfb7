/**
 * What each mutant comes from, and what must be found of it: for the config, so plain data without any of Mimo in it.
 * The letter and number are those of the defect in docs/mutants.md.
 */
import { by, type DeclaredMutant, mutant } from './declaration.ts';
import { BREAKER, RETRY } from './declared-calls.ts';
import { FALLBACK, WRITES } from './declared-data.ts';

const CACHES: readonly DeclaredMutant[] = [
  mutant(
    'cache-stampede',
    'C1: concurrent misses for the same each compute',
    by('load/classify-stampede', 'no-stampede', 'llm', 'cache stampede'),
  ),
  mutant(
    'cache-computes-one-at-a-time',
    'C1: what is missed is computed inside the one process of the cache, so that all misses wait for each other',
    by('llm/hot-question', 'deadline-respected', null, 'deadline missed'),
  ),
  mutant(
    'cache-is-fifo',
    'C2: sold as LRU; a hit refreshes nothing, and what was put in first goes first',
    by('llm/hot-question', 'hot-kept', 'llm', 'what is asked often is not kept'),
  ),
  mutant(
    'spo-index-unused',
    'D4: the walk joins on a column that no index leads with',
    by('database/large-graph', 'success-ratio', null, '[0-9]+ of [0-9]+ requests succeeded'),
    by('database/large-graph', 'stays-in-use', 'database', 'only [0-9]+ of [0-9]+ requests'),
  ),
];

const ENTRY: readonly DeclaredMutant[] = [
  mutant(
    'metric-name-drifts',
    'O1: alert, panel and code each have another name for the state of a breaker',
    by('llm/errors', 'outage-told', null, 'outage untold: llm-breaker'),
  ),
  mutant(
    'health-always-green',
    'O6: the health check rescues what is raised, and failures are returned: it is always healthy',
    by('llm/errors', 'outage-told', null, 'outage untold: degraded-links'),
  ),
  mutant(
    'health-of-empty-registry',
    'O7: health is that of a registry in which nothing registers',
    by('database/reset', 'outage-told', null, 'outage untold: degraded-links'),
  ),
  mutant(
    'health-without-ollama',
    'O8: the check named after Ollama looks whether the LLM has an API key',
    by('ollama/cut', 'outage-told', null, 'outage untold: degraded-links'),
  ),
  mutant(
    'latency-guard-sheds',
    'O10: a guard sheds all load above a p99 of 50 ms, far below what an answer takes',
    by('llm/hangs', 'no-head-of-line-blocking', 'llm', 'head-of-line blocking'),
  ),
  mutant(
    'one-call-at-a-time',
    'P: the loop is serial, so that a slow call holds up all that follow',
    by('llm/hangs', 'no-head-of-line-blocking', 'llm', 'head-of-line blocking'),
  ),
  mutant(
    'outage-as-400',
    'P3: the tool route answers 400 for every failure, an outage too',
    by(
      'database/relations-unavailable',
      'outage-not-blamed',
      'database',
      "outage told as the caller's fault",
    ),
  ),
  mutant(
    'error-never-answered',
    'P4: a structured error fails its conversion to text; the reply has no id, and the caller waits for ever',
    by('database/relations-unavailable', 'deadline-respected', null, 'deadline missed'),
  ),
  mutant(
    'error-with-null-id',
    'P1: a JSON-RPC error bears the id null, so that nobody knows whose it is',
    by('ollama/mcp-searches', 'answers-have', null, 'answers lack'),
  ),
  mutant(
    'attempt-not-ended',
    'B3: the inner limit is 30 s and the outer 5: the attempt goes on when nobody waits any more',
    by('llm/hangs', 'deadline-respected', null, 'timeout not enforced'),
  ),
];

export const DECLARED_MUTANTS: DeclaredMutant[] = [
  ...BREAKER,
  ...RETRY,
  ...FALLBACK,
  ...WRITES,
  ...CACHES,
  ...ENTRY,
];
