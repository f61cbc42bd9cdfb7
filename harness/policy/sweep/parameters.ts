/** The values that a sweep can vary: what each means and what of a policy it changes. */
import { UsageError } from '../../model/errors.ts';
import { nearest } from '../../model/validate.ts';
import type { RuleSpec } from '../rules.ts';
import type { ServicePolicy, SimulatedBreaker, SimulatedRetry } from '../simulation/service.ts';
import { COUNTED } from './base-policy.ts';

interface Parameter {
  meaning: string;
  min: number;
  max: number;
  isWhole: boolean;
  /** The policy with this value; null: a policy like this has no such thing. */
  apply(policy: ServicePolicy, value: number): ServicePolicy | null;
}

const COUNT_MAX = 10_000;
/** A day. */
const MS_MAX = 86_400_000;

export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  failures: count('failures that trip it', rule('failures')),
  windowCalls: count('calls it looks back on', rule('windowCalls')),
  minimumCalls: count('calls before it may trip', rule('minimumCalls')),
  windowMs: time('time it looks back on', rule('windowMs')),
  failureRate: {
    meaning: 'share of failures that trips it',
    min: 0.001,
    max: 1,
    isWhole: false,
    apply: rule('rate'),
  },
  openMs: time(
    'from the trip to the first probe',
    breaker((value) => ({ openMs: value })),
  ),
  halfOpenProbes: count(
    'calls admitted at once when half-open',
    breaker((value) => ({ halfOpenProbes: value })),
  ),
  successesToClose: count(
    'good probes that close it',
    breaker((value) => ({ successesToClose: value })),
  ),
  timeoutMs: time('longest attempt', (policy, value) => ({ ...policy, headersMs: null, totalMs: value })),
  attempts: count('attempts of a call, the first included', (policy, value) => ({
    ...policy,
    retry: value === 1 ? null : { ...(policy.retry ?? AT_ONCE), attempts: value },
  })),
  baseMs: time('first gap between attempts', (policy, value) =>
    policy.retry === null ? null : { ...policy, retry: { ...policy.retry, baseMs: value } },
  ),
  concurrent: count('attempts at once', (policy, value) => ({
    ...policy,
    bulkhead: { queue: policy.bulkhead?.queue ?? 0, concurrent: value },
  })),
};

const AT_ONCE: SimulatedRetry = {
  attempts: 1,
  backoff: 'none',
  baseMs: 0,
  factor: 1,
  capMs: MS_MAX,
  jitter: 'none',
  jitterShare: 0,
  honoursRetryAfter: false,
  shapes: COUNTED,
};

type Apply = Parameter['apply'];

function count(meaning: string, apply: Apply): Parameter {
  return { meaning, min: 1, max: COUNT_MAX, isWhole: true, apply };
}

function time(meaning: string, apply: Apply): Parameter {
  return { meaning, min: 1, max: MS_MAX, isWhole: false, apply };
}

function breaker(change: (value: number) => Partial<SimulatedBreaker>): Apply {
  return (policy, value) =>
    policy.breaker === null ? null : { ...policy, breaker: { ...policy.breaker, ...change(value) } };
}

function rule(field: string): Apply {
  return (policy, value) =>
    policy.breaker === null || !(field in policy.breaker.rule)
      ? null
      : {
          ...policy,
          breaker: { ...policy.breaker, rule: { ...policy.breaker.rule, [field]: value } as RuleSpec },
        };
}

export type Values = Record<string, number>;
export type Grid = ReadonlyMap<string, readonly number[]>;

/** More points than anyone reads. */
export const POINTS_MAX = 400;

/**
 * Reads `name=v1,v2,…`, each of them once.
 * @throws UsageError that names what is wrong
 */
export function parseGrid(texts: readonly string[]): Grid {
  const grid = new Map<string, number[]>();
  for (const text of texts) {
    const [name = '', list] = text.split(/=(.*)/s);
    const parameter = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    const names = Object.keys(PARAMETERS);
    if (parameter === undefined) {
      const near = nearest(name, names);
      throw new UsageError(
        `--grid: no parameter "${name}"; ${near === undefined ? `one of ${names.join(', ')}` : `did you mean "${near}"?`}`,
      );
    }
    if (grid.has(name)) throw new UsageError(`--grid: ${name} is given twice; write ${name}=1,2,3`);
    if (list === undefined || list.trim() === '')
      throw new UsageError(
        `--grid ${text}: it must be ${name}= and values with commas between, such as ${name}=3,5,8`,
      );
    const values = list.split(',').map((word) => gridValue(name, word, parameter));
    grid.set(name, [...new Set(values)]);
  }
  if (grid.size === 0)
    throw new UsageError('--grid is needed, once for each value to vary, such as --grid failures=3,5,8');
  const points = [...grid.values()].reduce((product, values) => product * values.length, 1);
  if (points > POINTS_MAX)
    throw new UsageError(`--grid: ${points} points are more than ${POINTS_MAX}; give fewer values`);
  return grid;
}

function gridValue(name: string, word: string, { min, max, isWhole }: Parameter): number {
  const value = Number(word);
  if (word.trim() === '' || !(value >= min && value <= max) || (isWhole && !Number.isInteger(value)))
    throw new UsageError(
      `--grid ${name}: it must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}, got "${word}"`,
    );
  return value;
}

/** Every combination, in the order of the grid. */
export function pointsOf(grid: Grid): Values[] {
  let points: Values[] = [{}];
  for (const [name, values] of grid)
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  return points;
}

/** The recommended point, the one farthest from it in the order of the grid, and the one farthest from both. */
export function pointsToVerify(points: readonly Values[], recommended: Values): Values[] {
  const text = JSON.stringify(recommended);
  const chosen = [points.findIndex((values) => JSON.stringify(values) === text)];
  while (chosen.length < Math.min(3, points.length)) {
    const distance = (i: number): number => Math.min(...chosen.map((other) => Math.abs(i - other)));
    const [farthest] = [...points.keys()].toSorted((a, b) => distance(b) - distance(a) || a - b);
    if (farthest === undefined) break;
    chosen.push(farthest);
  }
  return chosen.map((i) => points[i]).filter((values) => values !== undefined);
}

/** @throws UsageError where the policy has nothing that a value could change */
export function withValues(policy: ServicePolicy, values: Readonly<Values>): ServicePolicy {
  let changed = policy;
  // Retries first: a gap between attempts needs some.
  const order = Object.entries(values).toSorted(
    ([a], [b]) => Number(b === 'attempts') - Number(a === 'attempts'),
  );
  for (const [name, value] of order) {
    const next = PARAMETERS[name]?.apply(changed, value) ?? null;
    if (next === null)
      throw new UsageError(
        `--grid ${name}: ${name === 'baseMs' ? 'the policy has no retry' : `a breaker of kind ${policy.breaker?.rule.kind ?? 'none'} has no ${name}`}`,
      );
    changed = next;
  }
  return changed;
}
