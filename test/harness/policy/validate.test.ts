import { describe, expect, test } from '@jest/globals';
import type { Finding, MeasuredPolicy, QuantityName } from '../../../harness/model/measured.ts';
import { readDeclaration } from '../../../harness/policy/declared/registry.ts';
import { compare, compareWithLock } from '../../../harness/policy/validate.ts';

const known = (value: number | string | boolean | null, low?: number, high?: number | null): Finding => ({
  known: true,
  value,
  ...(low === undefined ? {} : { low }),
  ...(high === undefined ? {} : { high }),
  observations: 3,
  experiment: 'a test',
});
const unknown: Finding = { known: false, why: 'a test' };

function outcomes(declared: Parameters<typeof compare>[0], findings: MeasuredPolicy['findings']): string[] {
  return compare(declared, { findings }).map(({ name, outcome }) => `${name} ${outcome}`);
}

describe('declared beside measured', () => {
  test('a number is the same where it lies in the interval, exact where it is a count', () => {
    const declared = { 'breaker.failures': 5, 'breaker.openMs': 1_000 };
    expect(
      outcomes(declared, {
        'breaker.failures': known(5, 5, 5),
        'breaker.openMs': known(1_015, 1_005, 1_030),
      }),
    ).toEqual(['breaker.failures same', 'breaker.openMs same']);
    expect(
      outcomes(declared, {
        'breaker.failures': known(6, 6, 6),
        'breaker.openMs': known(1_500, 1_480, 1_520),
      }),
    ).toEqual(['breaker.failures drift', 'breaker.openMs drift']);
  });

  test('what could not be measured is neither', () => {
    expect(outcomes({ 'breaker.kind': 'consecutive' }, { 'breaker.kind': unknown })).toEqual([
      'breaker.kind unknown',
    ]);
    expect(outcomes({ 'breaker.kind': 'consecutive' }, {})).toEqual(['breaker.kind unknown']);
  });

  test('a limit beyond our patience is not contradicted, one within it is', () => {
    const findings = {
      'timeout.headersMs': known(null, 10_000, null),
      'timeout.totalMs': known(null, 10_000, null),
    };
    expect(outcomes({ 'timeout.headersMs': 30_000 }, findings)).toEqual(['timeout.headersMs unknown']);
    expect(outcomes({ 'timeout.headersMs': 2_000 }, findings)).toEqual(['timeout.headersMs drift']);
  });

  test('a breaker that was declared and is not there is drift', () => {
    expect(outcomes({ 'breaker.present': true }, { 'breaker.present': known(false) })).toEqual([
      'breaker.present drift',
    ]);
  });
});

describe('a lock file', () => {
  const policy = (findings: MeasuredPolicy['findings']): MeasuredPolicy => ({
    tripcurve: 'policy',
    version: 1,
    target: 't',
    link: 'l',
    request: 'r',
    environment: 'embedded',
    measuredAt: '2026-01-01T00:00:00.000Z',
    tookMs: 1,
    requests: 1,
    complete: true,
    calibration: null,
    findings,
    matrix: {},
    experiments: [],
  });
  const diff = (before: MeasuredPolicy['findings'], now: MeasuredPolicy['findings']): string[] =>
    compareWithLock(policy(before), policy(now)).map(({ name, outcome }) => `${name} ${outcome}`);

  test('intervals that overlap are no drift, and what depends on the machine is not compared', () => {
    const before = { 'breaker.openMs': known(1_000, 990, 1_010), 'rejection.ms': known(1, 1, 2) };
    expect(
      diff(before, { 'breaker.openMs': known(1_020, 1_005, 1_040), 'rejection.ms': known(90, 80, 100) }),
    ).toEqual(['breaker.openMs same']);
  });

  test('a value that has moved is drift, one that can no longer be told is said so', () => {
    const before: Partial<Record<QuantityName, Finding>> = {
      'breaker.failures': known(5, 5, 5),
      'breaker.kind': known('consecutive'),
    };
    expect(diff(before, { 'breaker.failures': known(3, 3, 3), 'breaker.kind': unknown })).toEqual([
      'breaker.kind unknown',
      'breaker.failures drift',
    ]);
  });
});

describe('other words for a policy', () => {
  test.each([
    [
      'opossum',
      { timeout: 3_000, errorThresholdPercentage: 50, resetTimeout: 30_000, volumeThreshold: 10 },
      {
        'breaker.kind': 'time-window',
        'breaker.minimumCalls': 10,
        'breaker.windowMs': 10_000,
        'breaker.openMs': 30_000,
      },
    ],
    [
      'cockatiel',
      {
        halfOpenAfter: 500,
        breaker: { type: 'ConsecutiveBreaker', threshold: 5 },
        retry: { maxAttempts: 2 },
      },
      { 'breaker.failures': 5, 'retry.attempts': 3 },
    ],
    [
      'resilience4j',
      {
        slidingWindowSize: 20,
        failureRateThreshold: 50,
        minimumNumberOfCalls: 50,
        waitDurationInOpenState: '10s',
      },
      { 'breaker.windowCalls': 20, 'breaker.minimumCalls': 20, 'breaker.openMs': 10_000 },
    ],
    [
      'polly',
      { FailureRatio: 0.5, MinimumThroughput: 8, BreakDuration: '00:00:30', Retry: { MaxRetryAttempts: 3 } },
      { 'breaker.openMs': 30_000, 'retry.attempts': 4 },
    ],
  ])('%s is recognised by its keys', (_name, document, expected) => {
    expect(readDeclaration(document, 'llm', 'a file')).toMatchObject(expected);
  });

  test('a document with an entry for each link, and /resilience as it is served', () => {
    const policy = { timeoutMs: 400, retry: null, breaker: null, bulkhead: null, fallback: null };
    const served = { links: { llm: { state: 'closed', policy } } };
    expect(readDeclaration(served, 'llm', 'a file')).toMatchObject({
      'timeout.headersMs': 400,
      'breaker.present': false,
    });
    expect(() => readDeclaration(served, 'ollama', 'a file')).toThrow(
      'a file: has no link "ollama", only llm',
    );
  });

  test('what nobody knows is refused with what there is', () => {
    expect(() => readDeclaration({ hello: 1 }, 'llm', 'x.json')).toThrow(
      /x\.json: no known kind of policy; give --format \(tripcurve/,
    );
    expect(() => readDeclaration({ BreakDuration: 'soon' }, 'llm', 'x.json')).toThrow(
      'BreakDuration is "soon"',
    );
  });
});
