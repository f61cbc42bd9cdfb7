/** Every checker there is. To add one: a file beside this one, and a line here. */
import { faultsHit, loadOnSchedule, nothingCrashed, nothingLeft } from './always.ts';
import { audit } from './audit.ts';
import { breakerRecovers } from './breaker-recovers.ts';
import { breakerTrips } from './breaker-trips.ts';
import type { Checker } from './checker.ts';
import { fallbackServed } from './fallback-served.ts';
import { fastRejection } from './fast-rejection.ts';
import { heldOpenAfterHeal } from './held-open-after-heal.ts';
import { retriesBounded } from './retries-bounded.ts';
import { silentWhileOpen } from './silent-while-open.ts';
import { staysClosed } from './stays-closed.ts';
import { latency, servedLive, successRatio } from './steady.ts';
import { writesKept } from './writes-kept.ts';

/** Asked of every run, whatever its scenario expects. */
export const ALWAYS: readonly Checker[] = [faultsHit, loadOnSchedule, nothingLeft, nothingCrashed];

const chosen = [
  audit,
  breakerRecovers,
  breakerTrips,
  fallbackServed,
  fastRejection,
  heldOpenAfterHeal,
  latency,
  retriesBounded,
  servedLive,
  silentWhileOpen,
  staysClosed,
  successRatio,
  writesKept,
];

/** Those a scenario may name. */
export const CHECKERS: ReadonlyMap<string, Checker> = new Map(
  chosen.map((checker) => [checker.name, checker]),
);
