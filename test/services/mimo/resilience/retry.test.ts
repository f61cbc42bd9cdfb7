/** Retry: how often, for what, how long, and never against an open breaker. */
import { describe, expect, test } from '@jest/globals';
import { type LinkPolicy, policyOf, type RetryPolicy } from '../../../../services/mimo/policy.ts';
import { DependencyFault, RequestRefused } from '../../../../services/mimo/resilience/faults.ts';
import { createGuard } from '../../../../services/mimo/resilience/guard.ts';
import { backoffMs, createRetry, type Retry } from '../../../../services/mimo/resilience/retry.ts';
import { watchedBreaker } from '../stage.ts';

const fault = new DependencyFault('database', 'network', 'ECONNREFUSED');
const policy: RetryPolicy = {
  attempts: 3,
  backoff: { kind: 'exponential', baseMs: 2, factor: 2, capMs: 8, jitter: 'full' },
  deadlineMs: 900,
};

function retryWith(
  given: Partial<RetryPolicy> = {},
  failuresToOpen = 5,
): { retry: Retry; retries: () => number } {
  const { breaker } = watchedBreaker({ failures: failuresToOpen, openMs: 60_000 });
  const linkPolicy: LinkPolicy = policyOf('fast').links.database;
  const guard = createGuard({ link: 'database', policy: linkPolicy, breaker, onCall: () => {} });
  let retries = 0;
  const onRetry = (): void => {
    retries += 1;
  };
  return { retry: createRetry({ guard, policy: { ...policy, ...given }, onRetry }), retries: () => retries };
}

/** Work that throws the given errors one after another, then succeeds. */
function failing(...errors: Error[]): { run: () => Promise<string>; calls: () => number } {
  let calls = 0;
  const run = async (): Promise<string> => {
    const error = errors[calls];
    calls += 1;
    if (error !== undefined) throw error;
    return 'stored';
  };
  return { run, calls: () => calls };
}

describe('retry', () => {
  test('succeeds at the third try after two transient faults', async () => {
    const { retry, retries } = retryWith();
    const { run, calls } = failing(fault, fault);
    expect(await retry(run)).toBe('stored');
    expect([calls(), retries()]).toEqual([3, 2]);
  });

  test('gives up after three tries with the last error', async () => {
    const { retry } = retryWith();
    const { run, calls } = failing(fault, fault, fault, fault);
    await expect(retry(run)).rejects.toBe(fault);
    expect(calls()).toBe(3);
  });

  test('tries a permanent error only once', async () => {
    const { retry } = retryWith();
    const { run, calls } = failing(new RequestRefused('database', 'request', '23514 check'));
    await expect(retry(run)).rejects.toThrow('23514');
    expect(calls()).toBe(1);
  });

  test('stops at once when the breaker opens between tries', async () => {
    const { retry, retries } = retryWith({}, 2);
    const { run, calls } = failing(fault, fault, fault);
    await expect(retry(run)).rejects.toBe(fault);
    expect([calls(), retries()]).toEqual([2, 1]);
    await expect(retry(run)).rejects.toMatchObject({ name: 'CallRejected' });
    expect(calls()).toBe(2);
  });

  test('begins no try that could not use its whole time before the deadline', async () => {
    const { retry } = retryWith({ deadlineMs: policyOf('fast').links.database.timeoutMs - 1 });
    const { run, calls } = failing(fault);
    await expect(retry(run)).rejects.toBe(fault);
    expect(calls()).toBe(1);
  });

  test('waits anything from nothing to the backoff, doubled per try up to the cap', () => {
    const waits = [1, 2, 3, 4].map((attempt) => backoffMs(policy.backoff, attempt, 0.5));
    expect(waits).toEqual([1, 2, 4, 4]);
    expect(backoffMs(policy.backoff, 1, 0)).toBe(0);
  });
});
