/**
 * False trips: what a breaker does while the dependency is well but for an error now and then. Days are needed to
 * see something so rare, so calls follow one another here without overlapping, and nothing waits.
 */
import { seededRandom, seedFor } from '../../model/random.ts';
import type { TrafficModel } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';
import { ruleOf } from '../rules.ts';
import type { ServicePolicy } from '../simulation/service.ts';
import { BACKGROUND_SHAPE } from './outages.ts';
import { gapsOf } from './traffic.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 30;

export interface CalmDays {
  tripsPerDay: number;
  /** At most so many with 95 % confidence (Poisson). */
  tripsPerDayHigh: number;
  /** Calls that failed by themselves. */
  failedPerDay: number;
  /** Calls that were turned away after a false trip. */
  rejectedPerDay: number;
}

/** @param callsMax how many calls are looked at, at most; and no more than a month */
export function calmDays(
  { breaker, retry }: ServicePolicy,
  traffic: TrafficModel,
  errorRatio: number,
  callsMax: number,
  seed: number,
): CalmDays {
  const attempts = retry?.shapes.has(BACKGROUND_SHAPE) === true ? retry.attempts : 1;
  const callsPerDay = (traffic.ratePerSecond * DAY_MS) / 1_000;
  const failedPerDay = callsPerDay * errorRatio ** attempts;
  if (breaker === null || errorRatio === 0 || !breaker.shapes.has(BACKGROUND_SHAPE))
    return { tripsPerDay: 0, tripsPerDayHigh: 0, failedPerDay, rejectedPerDay: 0 };
  const random = seededRandom(seedFor(seed, 'calm'));
  const rule = ruleOf(breaker.rule);
  let trips = 0;
  let rejected = 0;
  let nowMs = 0;
  let openUntilMs = 0;
  let openMs = 0;
  /** Good probes so far; null: closed. */
  let probes: number | null = null;
  const open = (forMs: Ms): void => {
    openMs = Math.min(breaker.openMaxMs, forMs);
    openUntilMs = nowMs + openMs;
    probes = 0;
  };
  const gap = gapsOf(traffic, random);
  for (let calls = 0; calls < callsMax && nowMs < DAYS_MAX * DAY_MS; calls++) {
    nowMs += gap();
    if (probes !== null && nowMs < openUntilMs) {
      rejected++;
      continue;
    }
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const ok = random() >= errorRatio;
      const isLast = ok || attempt === attempts;
      if (isLast || breaker.counts === 'attempts') {
        if (probes !== null) {
          probes = ok ? probes + 1 : 0;
          if (!ok) open(openMs * breaker.openGrowth);
          else if (probes >= breaker.successesToClose) {
            probes = null;
            if (breaker.clearsOnClose) rule.reset();
          }
        } else if (rule.record(ok, nowMs)) {
          trips++;
          open(breaker.openMs);
        }
      }
      // A retry meets the breaker again where the breaker is inside.
      if (isLast || (probes !== null && nowMs < openUntilMs)) break;
    }
  }
  const days = nowMs / DAY_MS;
  return {
    tripsPerDay: trips / days,
    tripsPerDayHigh: poissonHigh(trips) / days,
    failedPerDay,
    rejectedPerDay: rejected / days,
  };
}

/** The mean of which so few or fewer are seen in one case of 20 (3 for none; Wilson and Hilferty for more). */
function poissonHigh(seen: number): number {
  if (seen === 0) return 3;
  const n = seen + 1;
  return n * (1 - 1 / (9 * n) + 1.645 / (3 * Math.sqrt(n))) ** 3;
}
