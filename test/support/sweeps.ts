/** Small sweeps for tests: a steady traffic, a whole outage, a breaker of consecutive failures. */
import { seededRandom } from '../../harness/model/random.ts';
import type { Episode, OutageModel, TrafficModel } from '../../harness/model/sweep.ts';
import type { RuleSpec } from '../../harness/policy/rules.ts';
import type { ServicePolicy } from '../../harness/policy/simulation/service.ts';
import { defaultPolicy } from '../../harness/policy/sweep/base-policy.ts';
import { withValues } from '../../harness/policy/sweep/parameters.ts';
import { type SimulatedEpisode, simulateEpisode } from '../../harness/policy/sweep/simulate.ts';
import { arrivalsOf } from '../../harness/policy/sweep/traffic.ts';

export const steady: TrafficModel = { ratePerSecond: 20, arrivals: 'constant', keys: null, serviceMs: 5 };
export const whole: Episode = { durationMs: 10_000, failureRatio: 1, shape: 'status-503' };
export const once: OutageModel = {
  name: 'once',
  about: 'x',
  perDay: 1,
  episodes: [whole],
  spread: 0,
  errorRatio: 0,
};

export function consecutive(values: Record<string, number> = {}): ServicePolicy {
  return withValues(defaultPolicy('consecutive'), { failures: 5, openMs: 1_000, ...values });
}

export function withRule(rule: RuleSpec): ServicePolicy {
  const policy = defaultPolicy(rule.kind);
  return policy.breaker === null ? policy : { ...policy, breaker: { ...policy.breaker, rule } };
}

export function outageOf(
  policy: ServicePolicy,
  episode = whole,
  traffic = steady,
  seed = 1,
): Promise<SimulatedEpisode> {
  return simulateEpisode({
    policy,
    arrivals: arrivalsOf(traffic, seededRandom(seed)),
    fromMs: 2_000,
    episode,
    errorRatio: 0,
    serviceMs: traffic.serviceMs,
    tailMs: 20_000,
    seed,
  });
}
