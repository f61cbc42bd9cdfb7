/** Retry: how often, for what, how long, and never against an open breaker. */
import { describe, expect, jest, test } from '@jest/globals';
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
): { retry: Retry; retries: () => number; exhausted: readonly string[] } {
  const { breaker } = watchedBreaker({ failures: failuresToOpen, openMs: 60_000 });
  const linkPolicy: LinkPolicy = policyOf('fast').links.database;
  const guard = createGuard({ link: 'database', policy: linkPolicy, breaker, onCall: () => {} });
  let retries = 0;
  const onRetry = (): void => {
    retries += 1;
  };
  const exhausted: string[] = [];
  const onExhausted = (reason: string): void => void exhausted.push(reason);
  const retry = createRetry({ guard, policy: { ...policy, ...given }, onRetry, onExhausted });
  return { retry, retries: () => retries, exhausted };
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

  test('needs nobody to be told that it gives up', async () => {
    const { breaker } = watchedBreaker({ failures: 5, openMs: 60_000 });
    const linkPolicy: LinkPolicy = policyOf('fast').links.database;
    const guard = createGuard({ link: 'database', policy: linkPolicy, breaker, onCall: () => {} });
    const retry = createRetry({ guard, policy, onRetry: () => {} });
    await expect(retry(failing(fault, fault, fault).run)).rejects.toBe(fault);
  });

  test('counts the wait before a try into its deadline', async () => {
    // The try itself would fit: 250 ms of 900. With a wait of more than 650 before it, it does not.
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.9);
    try {
      const backoff = { ...policy.backoff, baseMs: 800, capMs: 800 };
      const { retry, exhausted } = retryWith({ backoff });
      const { run, calls } = failing(fault, fault);
      await expect(retry(run)).rejects.toBe(fault);
      expect([calls(), exhausted]).toEqual([1, ['deadline']]);
    } finally {
      random.mockRestore();
    }
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

describe('a call that is given up', () => {
  test('says which bound ended it', async () => {
    const attempts = retryWith();
    await expect(attempts.retry(failing(fault, fault, fault).run)).rejects.toBe(fault);
    const deadline = retryWith({ deadlineMs: policyOf('fast').links.database.timeoutMs - 1 });
    await expect(deadline.retry(failing(fault).run)).rejects.toBe(fault);
    const breaker = retryWith({}, 1);
    await expect(breaker.retry(failing(fault).run)).rejects.toBe(fault);
    expect([attempts, deadline, breaker].map(({ exhausted }) => exhausted)).toEqual([
      ['attempts'],
      ['deadline'],
      ['breaker'],
    ]);
  });

  test('says nothing where it succeeded, or where trying again is of no use', async () => {
    const { retry, exhausted } = retryWith();
    await retry(failing(fault).run);
    const refused = new RequestRefused('database', 'request', 'no');
    await expect(retry(failing(refused).run)).rejects.toBe(refused);
    expect(exhausted).toEqual([]);
  });
});
