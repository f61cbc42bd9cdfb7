/** Every checker there is. To add one: a file beside this one, and a line here. */
import { alertsFire } from './alerts-fire.ts';
import { faultsHit, loadOnSchedule, nothingCrashed, nothingLeft } from './always.ts';
import { answersHave } from './answers-have.ts';
import { audit } from './audit.ts';
import { breakerRecovers } from './breaker-recovers.ts';
import { breakerScope } from './breaker-scope.ts';
import { breakerTrips } from './breaker-trips.ts';
import { cachedWithinTtl } from './cached-within-ttl.ts';
import type { Checker } from './checker.ts';
import { concurrencyBounded } from './concurrency-bounded.ts';
import { deadlineRespected } from './deadline-respected.ts';
import { degradedCorrect } from './degraded-correct.ts';
import { exactlyOnce } from './exactly-once.ts';
import { fallbackServed } from './fallback-served.ts';
import { fastRejection } from './fast-rejection.ts';
import { goodputRecovers } from './goodput-recovers.ts';
import { heldOpenAfterHeal } from './held-open-after-heal.ts';
import { hotKept } from './hot-kept.ts';
import { knownAnswersRepeated } from './known-answers-repeated.ts';
import { metricsAgree } from './metrics-agree.ts';
import { nestedBudgets } from './nested-budgets.ts';
import { noFalseRecovery } from './no-false-recovery.ts';
import { noHeadOfLineBlocking } from './no-head-of-line-blocking.ts';
import { noStampede } from './no-stampede.ts';
import { nothingLeftBehind } from './nothing-left-behind.ts';
import { answeredThrough, writesAvailable } from './operations.ts';
import { operationsDone } from './operations-done.ts';
import { outageNotBlamed } from './outage-not-blamed.ts';
import { outageTold } from './outage-told.ts';
import { permanentNotRetried } from './permanent-not-retried.ts';
import { readYourWrites } from './read-your-writes.ts';
import { readingBounded } from './reading-bounded.ts';
import { readingFlat } from './reading-flat.ts';
import { retriesBounded } from './retries-bounded.ts';
import { retriesSpread } from './retries-spread.ts';
import { retryAfterHonoured } from './retry-after-honoured.ts';
import { retryAmplification } from './retry-amplification.ts';
import { silentWhileOpen } from './silent-while-open.ts';
import { staysClosed } from './stays-closed.ts';
import { staysInUse } from './stays-in-use.ts';
import { latency, servedLive, successRatio } from './steady.ts';
import { transientRetried } from './transient-retried.ts';
import { writesKept } from './writes-kept.ts';

/** Asked of every run, whatever its scenario expects. */
export const ALWAYS: readonly Checker[] = [
  faultsHit,
  operationsDone,
  loadOnSchedule,
  nothingLeft,
  nothingCrashed,
];

const chosen = [
  answeredThrough,
  alertsFire,
  audit,
  breakerRecovers,
  breakerScope,
  breakerTrips,
  cachedWithinTtl,
  concurrencyBounded,
  deadlineRespected,
  degradedCorrect,
  exactlyOnce,
  fallbackServed,
  fastRejection,
  goodputRecovers,
  heldOpenAfterHeal,
  latency,
  metricsAgree,
  nestedBudgets,
  noFalseRecovery,
  noHeadOfLineBlocking,
  noStampede,
  nothingLeftBehind,
  readYourWrites,
  readingBounded,
  readingFlat,
  retriesBounded,
  retryAfterHonoured,
  retryAmplification,
  servedLive,
  silentWhileOpen,
  staysClosed,
  staysInUse,
  successRatio,
  answersHave,
  hotKept,
  knownAnswersRepeated,
  outageNotBlamed,
  outageTold,
  permanentNotRetried,
  retriesSpread,
  transientRetried,
  writesAvailable,
  writesKept,
];

/** Those a scenario may name. */
export const CHECKERS: ReadonlyMap<string, Checker> = new Map(
  chosen.map((checker) => [checker.name, checker]),
);
