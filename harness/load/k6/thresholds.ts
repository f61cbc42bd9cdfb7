/**
 * The steady state as k6 thresholds, for those who read k6's own summary. They follow our checks as far as
 * k6 can: a request that was dropped is no sample to it, and latency counts from when it was sent. The
 * verdicts rest on the history, not on these. Pure.
 */
import { phasesOf, type Scenario } from '../../model/scenario.ts';
import type { Ms } from '../../model/time.ts';

/** Tag of every request: which steady window it was meant for, if any. */
export type WindowTag = 'before' | 'between' | 'after';

/** The window of a planned moment; the same two in which the steady state is checked. */
export function windowOf(atMs: Ms, scenario: Scenario): WindowTag {
  const { faultAtMs, endAtMs } = phasesOf(scenario);
  if (atMs < faultAtMs) return 'before';
  const lengthMs = Math.min(faultAtMs, scenario.recovery.withinMs / 2);
  return atMs >= endAtMs - lengthMs ? 'after' : 'between';
}

/** Thresholds for `success-ratio` and `latency`; k6 has nothing for the other checks. */
export function thresholdsFor(scenario: Scenario): Record<string, string[]> {
  const thresholds: Record<string, string[]> = {};
  const add = (metric: string, expression: string): void => {
    thresholds[metric] = [...(thresholds[metric] ?? []), expression];
  };
  for (const window of ['before', 'after'] satisfies WindowTag[]) {
    for (const { check, atLeast, percentile, belowMs } of scenario.steadyState) {
      if (check === 'success-ratio' && typeof atLeast === 'number')
        add(`http_req_failed{window:${window}}`, `rate<=${tidy(1 - atLeast)}`);
      if (check === 'latency' && typeof percentile === 'number' && typeof belowMs === 'number')
        add(`http_req_duration{window:${window},expected_response:true}`, `p(${percentile})<${belowMs}`);
    }
  }
  return thresholds;
}

/** 0.01 and not 0.010000000000000009. */
function tidy(ratio: number): number {
  return Number(ratio.toFixed(9));
}
