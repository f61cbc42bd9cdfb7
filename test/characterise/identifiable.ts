/**
 * What can be told of a policy from outside, whatever one does: a value that another policy would have on a wire
 * that looks the same in every experiment is not identifiable, and no measurement can be asked for it.
 */
import type { QuantityName } from '../../harness/model/measured.ts';
import { UNSEEN } from '../../harness/policy/bench.ts';
import { type RuleSpec, ruleOf } from '../../harness/policy/rules.ts';
import type { ServicePolicy, SimulatedRetry } from '../../harness/policy/simulation/service.ts';

/** Names of `truthOf` that no experiment can tell. */
export function hiddenOf(policy: ServicePolicy): ReadonlySet<QuantityName> {
  const hidden = new Set<QuantityName>();
  const hide = (...names: QuantityName[]): void => {
    for (const name of names) hidden.add(name);
  };
  const { retry, breaker, bulkhead } = policy;
  if (isCutOff(policy))
    hide(
      'retry.attempts',
      'retry.backoff',
      'retry.baseMs',
      'retry.factor',
      'retry.jitter',
      'retry.jitterShare',
    );
  // What is sent once shows one attempt, whoever counts it.
  if (retry !== null && retry.backoff !== 'none') {
    const others = lawsLike(retry);
    if (retry.attempts === 2 || others.kinds.size > 1) hide('retry.backoff', 'retry.factor');
    if (others.factors.high > others.factors.low * 1.05) hide('retry.factor');
  }
  // What trips at its first attempt shows no second one, whatever it counts.
  if (breaker?.counts === 'attempts' && failuresToTrip(breaker.rule) === 1) hide('breaker.counts');
  // Half-open lets as many through as the bulkhead ever does.
  if (breaker !== null && bulkhead !== null && bulkhead.concurrent <= breaker.halfOpenProbes)
    hide('breaker.halfOpenProbes', 'breaker.successesToClose');
  return hidden;
}

/**
 * Whether every call that shows its attempts is, or may be, ended by the trip: it takes no more failures than one
 * call makes, and nothing that is tried again goes uncounted. One that counts calls is seen through by calls at
 * once, but where it never tries again: a trip at the first attempt would look the same.
 */
function isCutOff({ retry, breaker }: ServicePolicy): boolean {
  if (breaker === null) return false;
  const failures = failuresToTrip(breaker.rule);
  if (breaker.counts === 'calls' && (failures > 1 || retry !== null)) return false;
  if (failures > (retry?.attempts ?? 1)) return false;
  const shown = [...(retry?.shapes ?? [])].filter((shape) => !UNSEEN.has(shape));
  return shown.every((shape) => breaker.shapes.has(shape));
}

function failuresToTrip(spec: RuleSpec): number {
  const rule = ruleOf(spec);
  let failures = 1;
  while (!rule.record(false, 0)) failures++;
  return failures;
}

/** Gaps of other laws, alike within this share, are the same on the wire. */
const ALIKE = 0.02;

/** Laws, with any factor and any cap, that give the same plain delays. */
function lawsLike({ attempts, backoff, baseMs, factor, capMs }: SimulatedRetry): {
  kinds: ReadonlySet<string>;
  factors: { low: number; high: number };
} {
  const gaps = Array.from({ length: attempts - 1 }, (_, i) =>
    Math.min(
      capMs,
      backoff === 'constant' ? baseMs : backoff === 'linear' ? baseMs * (i + 1) : baseMs * factor ** i,
    ),
  );
  const [first = 0] = gaps;
  const kinds = new Set<string>();
  const factors: number[] = [];
  const isSame = (plain: (i: number) => number, cap: number): boolean =>
    gaps.every((gap, i) => Math.abs(Math.min(cap, plain(i)) - gap) <= ALIKE * gap);
  for (const cap of [Number.POSITIVE_INFINITY, ...gaps]) {
    if (isSame(() => first, cap) && gaps.every((gap) => gap === first)) kinds.add('constant');
    if (gaps.some((gap) => gap !== first) && isSame((i) => first * (i + 1), cap)) kinds.add('linear');
    for (let other = 1.2; other <= 4; other += 0.05) {
      if (gaps.every((gap) => gap === first) || !isSame((i) => first * other ** i, cap)) continue;
      kinds.add('exponential');
      factors.push(other);
    }
  }
  return { kinds, factors: { low: Math.min(...factors), high: Math.max(...factors) } };
}
