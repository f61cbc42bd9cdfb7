/**
 * The arrival-rate executor that hands a plan out. k6 starts iterations evenly along the rate; plans have
 * random gaps. So iterations start early, each takes the next planned request and waits for its moment:
 * here is reckoned how early, and how many virtual users wait meanwhile. Pure.
 */
import type { Traffic } from '../../model/scenario.ts';
import type { Ms } from '../../model/time.ts';
import { momentOf, type Rates } from '../arrivals.ts';
import type { PlannedRequest } from '../plan.ts';

/** Time between the end of setup() and the first iteration. */
const SETTLE_MS: Ms = 200;

/** What k6 may be late in starting an iteration before that makes a request late. */
const MARGIN_MS: Ms = 100;

/** k6 refuses a shorter scenario. */
const DURATION_MS_MIN: Ms = 1_000;

/** How long k6 waits for open iterations beyond the time in which each must have ended. */
const GRACE_MS: Ms = 2_000;

/** Rates are whole numbers in k6: those that are not are told per 1000 s. */
const FINE_UNIT_S = 1_000;

/** A scenario of k6's options, for one of the two executors. */
export type K6Scenario = {
  startTime: string;
  timeUnit: string;
  preAllocatedVUs: number;
  maxVUs: number;
  gracefulStop: string;
} & (
  | { executor: 'constant-arrival-rate'; rate: number; duration: string }
  | { executor: 'ramping-arrival-rate'; startRate: number; stages: { target: number; duration: string }[] }
);

export interface Executor {
  scenario: K6Scenario;
  /** From the end of setup() to the moment 0 of the plan. */
  originAfterMs: Ms;
  /** From the end of setup() until k6 must have ended by itself. */
  endsAfterMs: Ms;
}

/** The executor for a plan, which must not be empty. */
export function executorFor(traffic: Traffic, plan: readonly PlannedRequest[]): Executor {
  const rates = [traffic.ratePerSecond, ...traffic.ramp.map(({ toRatePerSecond }) => toRatePerSecond)];
  const unitS = rates.every(Number.isInteger) ? 1 : FINE_UNIT_S;
  const perUnit = (rate: number): number => Math.max(1, Math.round(rate * unitS));
  // Reckoned with what k6 is told, which may be rounded, not with what was asked for.
  const told: Rates = {
    ratePerSecond: perUnit(traffic.ratePerSecond) / unitS,
    ramp: traffic.ramp.map(({ toRatePerSecond, forMs }) => ({
      toRatePerSecond: perUnit(toRatePerSecond) / unitS,
      forMs,
    })),
  };
  const leadMs = leadFor(told, plan);
  const lastMs = leadMs + (plan.at(-1)?.atMs ?? 0);
  const durationMs = Math.ceil(Math.max(DURATION_MS_MIN, momentOf(plan.length, told) + MARGIN_MS));
  const openMs = traffic.requestTimeoutMs + GRACE_MS;
  const gracefulStopMs = Math.ceil(Math.max(0, lastMs - durationMs) + openMs);
  const virtualUsers = Math.min(plan.length, traffic.maxInFlight + waitingMax(told, plan, leadMs));
  const common = {
    startTime: `${SETTLE_MS}ms`,
    timeUnit: `${unitS}s`,
    // All of them at once: while k6 makes another in mid-run, it drops what it should have started.
    preAllocatedVUs: virtualUsers,
    maxVUs: virtualUsers,
    gracefulStop: `${gracefulStopMs}ms`,
  };
  return {
    scenario:
      traffic.ramp.length === 0
        ? {
            executor: 'constant-arrival-rate',
            ...common,
            rate: perUnit(traffic.ratePerSecond),
            duration: `${durationMs}ms`,
          }
        : {
            executor: 'ramping-arrival-rate',
            ...common,
            startRate: perUnit(traffic.ratePerSecond),
            stages: stagesFor(told, durationMs).map(({ toRatePerSecond, forMs }) => ({
              target: perUnit(toRatePerSecond),
              duration: `${forMs}ms`,
            })),
          },
    originAfterMs: SETTLE_MS + leadMs,
    endsAfterMs: SETTLE_MS + durationMs + gracefulStopMs,
  };
}

/** How long before the plan the executor must begin so that no iteration starts after its request is due. */
function leadFor(rates: Rates, plan: readonly PlannedRequest[]): Ms {
  // The first iteration starts at 0 or after one gap, as the executor has it: the later is reckoned with.
  const behindMs = plan.map(({ atMs }, i) => momentOf(i + 1, rates) - atMs);
  return Math.ceil(behindMs.reduce((most, ms) => Math.max(most, ms), 0)) + MARGIN_MS;
}

/** Most iterations that wait for their moment at once. */
function waitingMax(rates: Rates, plan: readonly PlannedRequest[], leadMs: Ms): number {
  let most = 0;
  let gone = 0;
  for (let started = 1; started <= plan.length; started++) {
    const startedMs = momentOf(started - 1, rates);
    while (gone < started && (plan[gone]?.atMs ?? Infinity) + leadMs <= startedMs) gone++;
    most = Math.max(most, started - gone);
  }
  return most;
}

/** The ramp for just so long: its last rate is held, and what lies beyond the end is cut off. */
function stagesFor({ ratePerSecond, ramp }: Rates, durationMs: Ms): Rates['ramp'] {
  const stages: Rates['ramp'] = [];
  let from = ratePerSecond;
  let leftMs = durationMs;
  for (const { toRatePerSecond, forMs } of ramp) {
    const spanMs = Math.min(forMs, leftMs);
    if (spanMs === 0) break;
    stages.push({
      toRatePerSecond: from + ((toRatePerSecond - from) * spanMs) / forMs,
      forMs: spanMs,
    });
    from = toRatePerSecond;
    leftMs -= spanMs;
  }
  if (leftMs > 0) stages.push({ toRatePerSecond: from, forMs: leftMs });
  return stages;
}
