/** The policy that a sweep starts from: a measured one, a declared one, or plain defaults of a kind. */
import { UsageError } from '../../model/errors.ts';
import type { MeasuredPolicy, QuantityName } from '../../model/measured.ts';
import type { Policy } from '../../model/policy.ts';
import { SHAPES, type Shape } from '../bench.ts';
import type { RuleSpec } from '../rules.ts';
import {
  type BackoffKind,
  type JitterKind,
  NO_POLICY,
  type ServicePolicy,
  type SimulatedBreaker,
  type SimulatedRetry,
} from '../simulation/service.ts';

/** What speaks against a dependency unless it is known better: everything but the caller's own mistake. */
export const COUNTED: ReadonlySet<Shape> = new Set(SHAPES.filter((shape) => shape !== 'status-400'));

export const KINDS = [
  'consecutive',
  'leaky',
  'count-window',
  'time-window',
  'failures-in-calls',
  'failures-in-time',
] as const;
export type Kind = (typeof KINDS)[number];

/** A policy, and what of it was not known. */
export interface BasePolicy {
  policy: ServicePolicy;
  assumed: string[];
}

const FAILURES = 5;
const WINDOW_CALLS = 20;
const WINDOW_MS = 10_000;
const MINIMUM_CALLS = 10;
const RATE = 0.5;
const OPEN_MS = 1_000;
const FOR_EVER_MS = 86_400_000;

/** Defaults of a kind: one attempt without a timeout, and a breaker. */
export function defaultPolicy(kind: Kind): ServicePolicy {
  return {
    ...NO_POLICY,
    breaker: breakerOf(
      ruleWith(kind, (_name, fallback) => fallback),
      { openMs: OPEN_MS },
    ),
  };
}

function ruleWith(kind: Kind, number: (name: QuantityName, fallback: number) => number): RuleSpec {
  switch (kind) {
    case 'consecutive':
    case 'leaky':
      return { kind, failures: number('breaker.failures', FAILURES) };
    case 'failures-in-time':
      return {
        kind,
        failures: number('breaker.failures', FAILURES),
        windowMs: number('breaker.windowMs', WINDOW_MS),
      };
    case 'failures-in-calls':
      return {
        kind,
        failures: number('breaker.failures', FAILURES),
        windowCalls: number('breaker.windowCalls', WINDOW_CALLS),
      };
    case 'count-window':
      return {
        kind,
        windowCalls: number('breaker.windowCalls', WINDOW_CALLS),
        minimumCalls: number('breaker.minimumCalls', MINIMUM_CALLS),
        rate: number('breaker.failureRate', RATE),
        strict: false,
      };
    case 'time-window':
      return {
        kind,
        windowMs: number('breaker.windowMs', WINDOW_MS),
        minimumCalls: number('breaker.minimumCalls', MINIMUM_CALLS),
        rate: number('breaker.failureRate', RATE),
        strict: false,
      };
  }
}

function breakerOf(rule: RuleSpec, given: Partial<SimulatedBreaker>): SimulatedBreaker {
  return {
    rule,
    counts: 'calls',
    shapes: COUNTED,
    openMs: OPEN_MS,
    openGrowth: 1,
    openMaxMs: FOR_EVER_MS,
    halfOpenProbes: 1,
    successesToClose: 1,
    clearsOnClose: true,
    ...given,
  };
}

/**
 * The policy that was measured.
 * @param given parameters that the grid sets anyway, so that it does not matter whether they are known
 * @throws UsageError where no breaker, or not its kind, was measured
 */
export function fromMeasured(
  { findings, matrix, link }: MeasuredPolicy,
  where: string,
  kind: Kind | undefined,
  given: ReadonlySet<string>,
): BasePolicy {
  const assumed: string[] = [];
  const read = <T extends number | string | boolean | null>(name: QuantityName, fallback: T): T => {
    const finding = findings[name];
    if (finding?.known === true) return finding.value as T;
    if (!given.has(name.split('.')[1] ?? ''))
      assumed.push(
        `${name} is not known (${finding?.why ?? 'not measured'}): taken as ${fallback ?? 'none'}`,
      );
    return fallback;
  };
  const present = findings['breaker.present'];
  if (present?.known !== true || present.value !== true)
    throw new UsageError(
      `${where}: no breaker was measured on link ${link}${present?.known === false ? ` (${present.why})` : ''}; without --policy the sweep takes one of the kind that --kind names`,
    );
  const found = findings['breaker.kind'];
  const measuredKind = found?.known === true ? KINDS.find((one) => one === found.value) : undefined;
  const ruleKind = kind ?? measuredKind;
  if (ruleKind === undefined)
    throw new UsageError(
      `${where}: the kind of the breaker is not known (${found?.known === false ? found.why : 'not measured'}); say it with --kind, one of ${KINDS.join(', ')}`,
    );
  const shapesWhere = (field: 'counts' | 'retried'): ReadonlySet<Shape> =>
    new Set(SHAPES.filter((shape) => matrix[shape]?.[field] ?? COUNTED.has(shape)));
  const attempts = read<number>('retry.attempts', 1);
  const fallback = read<string>('fallback.kind', 'none');
  const concurrent =
    findings['bulkhead.concurrent']?.known === true ? read<number | null>('bulkhead.concurrent', null) : null;
  const limit = (name: QuantityName): number | null =>
    given.has('timeoutMs') ? null : read<number | null>(name, null);
  const policy: ServicePolicy = {
    connectMs: limit('timeout.connectMs'),
    headersMs: limit('timeout.headersMs'),
    idleMs: limit('timeout.idleMs'),
    totalMs: limit('timeout.totalMs'),
    deadlineMs: null,
    retry: attempts <= 1 ? null : retryFrom(read, attempts, shapesWhere('retried')),
    breaker: breakerOf(ruleWith(ruleKind, read), {
      counts: attempts <= 1 ? 'calls' : read<'calls' | 'attempts'>('breaker.counts', 'calls'),
      shapes: shapesWhere('counts'),
      openMs: read<number>('breaker.openMs', OPEN_MS),
      openGrowth: read<number>('breaker.openGrowth', 1),
      halfOpenProbes: read<number>('breaker.halfOpenProbes', 1),
      successesToClose: read<number>('breaker.successesToClose', 1),
    }),
    bulkhead:
      concurrent === null ? null : { concurrent, queue: read<number | null>('bulkhead.queue', 0) ?? 0 },
    fallback: fallback === 'cached' || fallback === 'none' ? fallback : 'static',
  };
  return { policy, assumed };
}

function retryFrom(
  read: <T extends number | string | boolean | null>(name: QuantityName, fallback: T) => T,
  attempts: number,
  shapes: ReadonlySet<Shape>,
): SimulatedRetry {
  const backoff = read<BackoffKind>('retry.backoff', 'none');
  const isWaiting = backoff !== 'none';
  const jitter = isWaiting ? read<JitterKind>('retry.jitter', 'none') : 'none';
  return {
    attempts,
    backoff,
    baseMs: isWaiting ? read<number>('retry.baseMs', 0) : 0,
    factor: backoff === 'exponential' ? read<number>('retry.factor', 2) : 1,
    capMs: isWaiting ? (read<number | null>('retry.capMs', null) ?? FOR_EVER_MS) : FOR_EVER_MS,
    jitter,
    jitterShare: jitter === 'plus-minus' ? read<number>('retry.jitterShare', 0) : 0,
    honoursRetryAfter: false,
    shapes,
  };
}

/** Jitters that a declaration can name and the simulation does not have, and the nearest that it has. */
const JITTERS: Readonly<Record<string, JitterKind>> = {
  none: 'none',
  full: 'full',
  equal: 'equal',
  added: 'plus-minus',
  decorrelated: 'full',
};

/** The policy that a target declares. @throws UsageError where it declares no breaker */
export function fromDeclared(declared: Policy, where: string): ServicePolicy {
  const { breaker, retry, bulkhead, fallback, timeoutMs } = declared;
  if (breaker === null) throw new UsageError(`${where}: it declares no breaker, so it has no trip curve`);
  const { failures, windowCalls = failures, openMs, halfOpenProbes, successesToClose } = breaker;
  const rule: RuleSpec =
    breaker.kind === 'consecutive'
      ? { kind: 'consecutive', failures }
      : { kind: 'failures-in-calls', failures, windowCalls };
  return {
    ...defaultPolicy('consecutive'),
    totalMs: timeoutMs,
    deadlineMs: retry?.deadlineMs ?? null,
    retry:
      retry === null || retry.attempts === 1
        ? null
        : {
            attempts: retry.attempts,
            backoff: retry.backoff.kind,
            baseMs: retry.backoff.baseMs,
            factor: retry.backoff.factor ?? 2,
            capMs: retry.backoff.capMs ?? FOR_EVER_MS,
            jitter: JITTERS[retry.backoff.jitter ?? 'none'] ?? 'none',
            jitterShare: 0,
            honoursRetryAfter: false,
            shapes: COUNTED,
          },
    breaker: breakerOf(rule, { openMs, halfOpenProbes, successesToClose }),
    bulkhead,
    fallback:
      fallback === null || fallback.kind === 'none'
        ? 'none'
        : fallback.kind === 'cached'
          ? 'cached'
          : 'static',
  };
}
