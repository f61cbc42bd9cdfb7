/**
 * Configurations of other people's libraries, read as declarations. Each says in the library's own names what
 * its documentation says they mean; defaults are those of the library.
 */
import { z } from 'zod';
import { UsageError } from '../../model/errors.ts';
import { validate } from '../../model/validate.ts';
import type { Adapter } from './declared.ts';

const Ms = z.number().min(0);

/** opossum: options of `new CircuitBreaker(action, options)` (its README, "Options"). */
const Opossum = z.looseObject({
  timeout: z.union([Ms, z.literal(false)]).default(10_000),
  errorThresholdPercentage: z.number().min(0).max(100).default(50),
  resetTimeout: Ms.default(30_000),
  volumeThreshold: z.int().min(0).default(0),
  rollingCountTimeout: Ms.default(10_000),
  capacity: z.number().optional(),
});

export const opossum: Adapter = {
  name: 'opossum',
  recognises: (document) => 'errorThresholdPercentage' in document || 'resetTimeout' in document,
  read(document) {
    const options = validate(Opossum, document, 'opossum options');
    return {
      'timeout.headersMs': options.timeout === false ? null : options.timeout,
      'breaker.present': true,
      'breaker.kind': 'time-window',
      'breaker.failureRate': options.errorThresholdPercentage / 100,
      'breaker.minimumCalls': Math.max(1, options.volumeThreshold),
      'breaker.windowMs': options.rollingCountTimeout,
      'breaker.openMs': options.resetTimeout,
      'breaker.halfOpenProbes': 1,
      'breaker.successesToClose': 1,
      ...(options.capacity === undefined
        ? {}
        : { 'bulkhead.concurrent': options.capacity, 'bulkhead.queue': 0 }),
    };
  },
};

/** cockatiel has no file of its own: the arguments of its builders, by their names in its README. */
const Cockatiel = z.looseObject({
  halfOpenAfter: Ms,
  breaker: z.union([
    z.strictObject({ type: z.literal('ConsecutiveBreaker'), threshold: z.int().min(1) }),
    z.strictObject({
      type: z.literal('CountBreaker'),
      threshold: z.number().min(0).max(1),
      size: z.int().min(1),
      minimumNumberOfCalls: z.int().min(1).optional(),
    }),
    z.strictObject({
      type: z.literal('SamplingBreaker'),
      threshold: z.number().min(0).max(1),
      duration: Ms,
      minimumRps: z.number().optional(),
    }),
  ]),
  timeout: Ms.optional(),
  retry: z.strictObject({ maxAttempts: z.int().min(0) }).optional(),
});

export const cockatiel: Adapter = {
  name: 'cockatiel',
  recognises: (document) => 'halfOpenAfter' in document,
  read(document) {
    const { halfOpenAfter, breaker, timeout, retry } = validate(Cockatiel, document, 'cockatiel policy');
    const common = {
      ...(timeout === undefined ? {} : { 'timeout.headersMs': timeout }),
      // Its maxAttempts counts what comes after the first.
      ...(retry === undefined ? {} : { 'retry.attempts': retry.maxAttempts + 1 }),
      'breaker.present': true,
      'breaker.openMs': halfOpenAfter,
      'breaker.halfOpenProbes': 1,
      'breaker.successesToClose': 1,
    };
    switch (breaker.type) {
      case 'ConsecutiveBreaker':
        return { ...common, 'breaker.kind': 'consecutive', 'breaker.failures': breaker.threshold };
      case 'CountBreaker':
        return {
          ...common,
          'breaker.kind': 'count-window',
          'breaker.windowCalls': breaker.size,
          'breaker.failureRate': breaker.threshold,
          ...(breaker.minimumNumberOfCalls === undefined
            ? {}
            : { 'breaker.minimumCalls': breaker.minimumNumberOfCalls }),
        };
      case 'SamplingBreaker':
        return {
          ...common,
          'breaker.kind': 'time-window',
          'breaker.windowMs': breaker.duration,
          'breaker.failureRate': breaker.threshold,
        };
    }
  },
};

/** `10s`, `500ms`, `PT10S` or a number of ms, as Spring takes durations. */
function springMs(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  const [, amount, unit] = /^(?:PT)?(\d+(?:\.\d+)?)(ms|s|m|S|M)?$/.exec(text) ?? [];
  if (amount === undefined)
    throw new UsageError(`resilience4j: ${where} is "${text}", which is no duration such as 500ms or 10s`);
  const factor = { ms: 1, s: 1_000, S: 1_000, m: 60_000, M: 60_000 }[unit ?? 'ms'] ?? 1;
  return Number(amount) * factor;
}

/** resilience4j: one instance of `resilience4j.circuitbreaker.instances`, with `retry` and `timelimiter` beside it. */
const Resilience4j = z.looseObject({
  slidingWindowType: z.enum(['COUNT_BASED', 'TIME_BASED']).default('COUNT_BASED'),
  slidingWindowSize: z.int().min(1).default(100),
  failureRateThreshold: z.number().min(0).max(100).default(50),
  minimumNumberOfCalls: z.int().min(1).default(100),
  waitDurationInOpenState: z.unknown().default(60_000),
  permittedNumberOfCallsInHalfOpenState: z.int().min(1).default(10),
  retry: z
    .looseObject({ maxAttempts: z.int().min(1).default(3), waitDuration: z.unknown().default(500) })
    .optional(),
  timelimiter: z.looseObject({ timeoutDuration: z.unknown().default(1_000) }).optional(),
});

export const resilience4j: Adapter = {
  name: 'resilience4j',
  recognises: (document) => 'slidingWindowSize' in document || 'failureRateThreshold' in document,
  read(document) {
    const options = validate(Resilience4j, document, 'resilience4j instance');
    const isCount = options.slidingWindowType === 'COUNT_BASED';
    const { retry, timelimiter } = options;
    return {
      ...(timelimiter === undefined
        ? {}
        : { 'timeout.headersMs': springMs(timelimiter.timeoutDuration, 'timelimiter.timeoutDuration') }),
      ...(retry === undefined
        ? {}
        : {
            'retry.attempts': retry.maxAttempts,
            'retry.baseMs': springMs(retry.waitDuration, 'retry.waitDuration'),
          }),
      'breaker.present': true,
      'breaker.kind': isCount ? 'count-window' : 'time-window',
      ...(isCount
        ? { 'breaker.windowCalls': options.slidingWindowSize }
        : { 'breaker.windowMs': options.slidingWindowSize * 1_000 }),
      'breaker.failureRate': options.failureRateThreshold / 100,
      'breaker.minimumCalls': isCount
        ? Math.min(options.minimumNumberOfCalls, options.slidingWindowSize)
        : options.minimumNumberOfCalls,
      'breaker.openMs': springMs(options.waitDurationInOpenState, 'waitDurationInOpenState'),
      'breaker.halfOpenProbes': options.permittedNumberOfCallsInHalfOpenState,
    };
  },
};

/** `00:00:30`, as .NET writes a TimeSpan, or a number of ms. */
function timeSpanMs(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  const [, hours, minutes, seconds] = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(String(value)) ?? [];
  if (seconds === undefined)
    throw new UsageError(`Polly: ${where} is "${String(value)}", which is no TimeSpan such as 00:00:30`);
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

/** Polly 8: CircuitBreakerStrategyOptions, with RetryStrategyOptions and TimeoutStrategyOptions beside it. */
const Polly = z.looseObject({
  FailureRatio: z.number().min(0).max(1).default(0.1),
  SamplingDuration: z.unknown().default('00:00:30'),
  MinimumThroughput: z.int().min(2).default(100),
  BreakDuration: z.unknown().default('00:00:05'),
  Retry: z
    .looseObject({
      MaxRetryAttempts: z.int().min(1).default(3),
      BackoffType: z.enum(['Constant', 'Linear', 'Exponential']).default('Constant'),
      Delay: z.unknown().default('00:00:02'),
    })
    .optional(),
  Timeout: z.unknown().optional(),
});

export const polly: Adapter = {
  name: 'polly',
  recognises: (document) => 'BreakDuration' in document || 'FailureRatio' in document,
  read(document) {
    const { FailureRatio, SamplingDuration, MinimumThroughput, BreakDuration, Retry, Timeout } = validate(
      Polly,
      document,
      'Polly options',
    );
    return {
      ...(Timeout === undefined ? {} : { 'timeout.headersMs': timeSpanMs(Timeout, 'Timeout') }),
      ...(Retry === undefined
        ? {}
        : {
            'retry.attempts': Retry.MaxRetryAttempts + 1,
            'retry.backoff': Retry.BackoffType.toLowerCase(),
            'retry.baseMs': timeSpanMs(Retry.Delay, 'Retry.Delay'),
          }),
      'breaker.present': true,
      'breaker.kind': 'time-window',
      'breaker.windowMs': timeSpanMs(SamplingDuration, 'SamplingDuration'),
      'breaker.minimumCalls': MinimumThroughput,
      'breaker.failureRate': FailureRatio,
      'breaker.openMs': timeSpanMs(BreakDuration, 'BreakDuration'),
      'breaker.halfOpenProbes': 1,
      'breaker.successesToClose': 1,
    };
  },
};
