/** Declared: what goes wrong around a call, by breaker and retry. */
import { by, type DeclaredMutant, mutant } from './declaration.ts';

export const BREAKER: readonly DeclaredMutant[] = [
  mutant(
    'breaker-never-opens',
    'B1: no breaker was ever started, and an unknown one reads as closed',
    by('llm/errors', 'breaker-trips', 'llm', 'still attempting after'),
  ),
  mutant(
    'breaker-opens-too-early',
    'B9: the configured threshold is read by nothing; here every breaker opens at the second failure',
    by('llm/blip', 'stays-closed', 'llm', 'stopped its attempts'),
    by('llm/errors', 'breaker-trips', 'llm', 'attempts stopped after'),
  ),
  mutant(
    'ollama-threshold-drifts',
    "B9: Ollama's breaker runs at 3 failures where 5 are configured",
    by('ollama/blip', 'stays-closed', 'ollama', 'stopped its attempts'),
    by('ollama/cut', 'breaker-trips', 'ollama', 'attempts stopped after'),
  ),
  mutant(
    'database-without-breaker',
    'B1: a breaker of the database has never existed in any running tree, though one is configured',
    by('database/reset', 'breaker-trips', 'database', 'still attempting after'),
  ),
  mutant(
    'breaker-never-recovers',
    'B11: once open, a breaker never looks again whether its dependency is back',
    by('llm/errors', 'breaker-recovers', 'llm', 'never asked again after the heal'),
  ),
  mutant(
    'hang-not-counted',
    'B3: a hang killed by an outer timeout is recorded nowhere; refused connections and 5xx are',
    by('llm/hangs', 'breaker-trips', 'llm', 'still attempting after'),
  ),
  mutant(
    'half-open-admits-all',
    'B4: half-open admits everybody; the number of probes is only that of successes to close',
    by('load/half-open-herd', 'silent-while-open', 'llm', 'probes in one half-open stretch'),
  ),
  mutant(
    'successes-cancel-failures',
    'B7: a success takes a failure off the count, so that a dependency that fails half of its calls never trips it',
    by('llm/intermittent-50', 'breaker-trips', 'llm', 'still attempting after'),
    by('ollama/intermittent-50', 'breaker-trips', 'ollama', 'still attempting after'),
  ),
  mutant(
    'refusals-trip-breaker',
    'B8: any error counts, a missing key and a 4xx too',
    by('llm/unauthorised', 'stays-in-use', 'llm', 'only \\d+ of \\d+ requests tried it'),
  ),
  mutant(
    'transitions-untold',
    'B12: the breaker tells nobody of its transitions; alert, panel and rule each wait for another name',
    by('llm/errors', 'outage-told', null, 'outage untold: llm-trips'),
  ),
];

export const RETRY: readonly DeclaredMutant[] = [
  mutant(
    'retry-storm',
    'R2, R3, R8: writes are tried again and again, whatever the error, with no pause, deadline or look at the breaker',
    by('database/hangs', 'retries-bounded', 'database', 'attempts for'),
    by('database/reset', 'retries-bounded', 'database', 'attempts for'),
    by('database/reset', 'retry-amplification', 'database', 'retry storm'),
    by('database/reset', 'silent-while-open', 'database', 'attempts while the breaker should have been open'),
  ),
  mutant(
    'raised-errors-not-retried',
    'R1: the retry looks at returned errors only; raised ones, which is how a busy database shows, go straight through',
    by('database/serialization-failures', 'transient-retried', 'database', 'transient faults not retried'),
    by('database/serialization-failures', 'stays-in-use', 'database', 'only [0-9]+ of [0-9]+ requests'),
  ),
  mutant(
    'permanent-errors-retried',
    'R2: validation errors, and any other that will be the same for ever, are tried again three times',
    by('database/values-refused', 'permanent-not-retried', 'database', 'permanent errors retried'),
  ),
  mutant(
    'retry-inside-breaker',
    'R3: the retry sits inside the breaker, which counts three attempts as one failure and is not asked between them',
    by(
      'database/reset-patient',
      'silent-while-open',
      'database',
      'attempts while the breaker should have been open',
    ),
  ),
  mutant(
    'retries-layered',
    'R4: five requests of one provider within one call of the breaker: 25 upstream calls to trip it',
    by('llm/errors', 'retry-amplification', 'llm', 'retry storm'),
  ),
  mutant(
    'broken-connection-not-retried',
    'R6: a refused or broken connection is an unknown error, and unknown errors are not tried again',
    by('database/connections-reset', 'transient-retried', 'database', 'transient faults not retried'),
    by('database/connections-reset', 'stays-in-use', 'database', 'only [0-9]+ of [0-9]+ requests'),
  ),
  mutant(
    'retry-without-jitter',
    'R7: the jitter is 5 %, and the generator is reseeded at every fallback',
    by('database/contention-patient', 'retries-spread', 'database', 'no jitter'),
  ),
  mutant(
    'retry-without-deadline',
    'R8: no deadline over all tries',
    by('database/inserts-slow', 'deadline-respected', null, 'deadline missed'),
  ),
  mutant(
    'locked-is-not-busy',
    'R10: only "busy" is tried again; "locked", a deadlock or a failed serialisation is not',
    by('database/serialization-failures', 'transient-retried', 'database', 'transient faults not retried'),
    by('database/deadlocks', 'transient-retried', 'database', 'transient faults not retried'),
  ),
];
