/** Declared: what goes wrong with answers, vectors and writes. */
import { by, type DeclaredMutant, mutant } from './declaration.ts';

export const FALLBACK: readonly DeclaredMutant[] = [
  mutant(
    'fallback-not-wired',
    'F1: the fallback module has no caller, so a failure of the LLM reaches whoever asked',
    by('llm/errors', 'fallback-served', 'llm', 'got no answer during the fault'),
  ),
  mutant(
    'rejection-not-recognised',
    'F2: the breaker rejects with one error code and the fallback waits for another',
    by('llm/errors', 'fallback-served', 'llm', 'got no answer during the fault'),
  ),
  mutant(
    'degraded-unmarked',
    'F3: a cached or default answer comes back as ok and looks like a real one',
    by('llm/errors', 'fallback-served', 'llm', 'not marked as degraded'),
    by('llm/errors', 'degraded-correct', 'llm', 'degraded answers unmarked'),
  ),
  mutant(
    'cache-without-ttl',
    'F4: the time of an entry is stored and never read',
    by('llm/answers-stale', 'cached-within-ttl', 'llm', 'stale beyond its time to live'),
  ),
  mutant(
    'cache-unbounded',
    'F5: the fallback cache has no bound and evicts nothing',
    by('llm/many-questions', 'reading-bounded', null, 'answers-kept unbounded'),
  ),
  mutant(
    'cache-dies-with-request',
    'F7: the fallback table belongs to the request process that made it first, and goes with it',
    by('llm/errors', 'known-answers-repeated', 'llm', 'known answers forgotten'),
  ),
  mutant(
    'cached-age-untrue',
    'F4: nothing reads the time of an entry, so its age cannot be told',
    by('llm/errors', 'cached-within-ttl', 'llm', 'age untrue'),
  ),
  mutant(
    'default-sentence-as-answer',
    'F3: without a cached answer a fixed sentence is returned as if it were one',
    by('llm/answers-stale', 'degraded-correct', 'llm', 'degraded answers wrong'),
  ),
  mutant(
    'failures-swallowed',
    'B2: the client turns every error of Ollama into a hash vector within the guarded call, which then succeeds',
    by('ollama/cut', 'breaker-trips', 'ollama', 'still attempting after'),
  ),
  mutant(
    'fake-vector-kept-after-recovery',
    'F12: a hash vector is stored as if it were real, and stays when Ollama is back',
    by('ollama/cut', 'audit', null, '[1-9][0-9]* mismatched'),
  ),
  mutant(
    'dimension-unchecked',
    'F14: vectors of 256 and of 1024 numbers are mixed; whatever comes is taken',
    by('ollama/wrong-dimension', 'audit', null, '[1-9][0-9]* mismatched'),
  ),
  mutant(
    'hash-vectors-collide',
    'F17: the hash has a million buckets and the vectors are not normalised: texts that have nothing in common match',
    by('ollama/searches-degraded', 'degraded-correct', 'ollama', 'degraded answers made up'),
  ),
  mutant(
    'embedding-cache-poisoned',
    'C: a fallback vector comes back as ok, is cached for an hour, and served long after Ollama is back',
    by('ollama/searches-degraded', 'no-false-recovery', 'ollama', 'false recovery'),
  ),
];

export const WRITES: readonly DeclaredMutant[] = [
  mutant(
    'writes-lost-on-outage',
    'F9: queueing a write for later is a line in the log; the caller is told that it is queued',
    by('database/reset', 'exactly-once', null, 'lost'),
  ),
  mutant(
    'writes-doubled-on-replay',
    'F10: no idempotency key, so a try after an ambiguous failure, and a replay, store the write again',
    by('database/ambiguous-commit', 'writes-kept', 'database', '[1-9][0-9]* doubled'),
  ),
  mutant(
    'queue-dies-with-process',
    'F7: the write queue holds closures in memory and is gone at a restart',
    by('operations/start-without-database', 'writes-kept', 'database', '[1-9][0-9]* lost'),
  ),
  mutant(
    'state-folder-not-kept',
    'D8: no volume: what was written is in a folder that is not there after a re-creation',
    by('operations/start-without-database', 'writes-kept', 'database', '[1-9][0-9]* lost'),
  ),
  mutant(
    'queue-keyed-by-time',
    'F: the queue is keyed by the time of arrival; two writes of the same moment overwrite each other',
    by('database/reset', 'exactly-once', null, 'lost'),
  ),
  mutant(
    'exhausted-writes-dropped',
    'F11: after three tries a queued write is given up with a line in the log',
    by('database/away-for-long', 'exactly-once', null, 'lost'),
  ),
  mutant(
    'queued-writes-unseen',
    'F: reads do not see what is queued',
    by('database/reset', 'read-your-writes', 'database', 'read-your-writes broken'),
  ),
  mutant(
    'empty-result-hides-outage',
    'F15: every error of a search is an empty list, as if nothing had been found',
    by('database/reset', 'fallback-served', 'database', 'not marked as degraded'),
  ),
  mutant(
    'write-timeout-but-committed',
    'D3: the caller is told 400 write_timeout, and the write commits all the same',
    by('database/slow', 'exactly-once', null, 'stored all the same'),
  ),
  mutant(
    'ollama-inside-transaction',
    'D1: the embedding is asked for within the transaction, so that a database connection is held for as long',
    by('ollama/hangs', 'breaker-scope', 'ollama', 'breaker scope|shared pool'),
  ),
  mutant(
    'llm-inside-write-lock',
    'D2: the single writer asks the LLM for tags before it writes',
    by('llm/hangs', 'no-head-of-line-blocking', 'llm', 'head-of-line blocking'),
  ),
];
