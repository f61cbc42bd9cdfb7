/** The guard: the timeout is counted and really aborts, the bulkhead is not the breaker's business. */
import { describe, expect, test } from '@jest/globals';
import type { LinkPolicy } from '../../../../services/mimo/policy.ts';
import { policyOf } from '../../../../services/mimo/policy.ts';
import { DependencyFault, RequestRefused } from '../../../../services/mimo/resilience/faults.ts';
import { createGuard, type Guard } from '../../../../services/mimo/resilience/guard.ts';
import { watchedBreaker } from '../stage.ts';

function guardWith(given: Partial<LinkPolicy>): { guard: Guard; outcomes: string[] } {
  const policy = { ...policyOf('fast').links.llm, timeoutMs: 20, ...given } as LinkPolicy;
  const outcomes: string[] = [];
  const { breaker } = watchedBreaker({ openMs: 60_000 });
  const guard = createGuard({
    link: 'llm',
    policy,
    breaker,
    onCall: (link, outcome) => outcomes.push(`${link} ${outcome}`),
  });
  return { guard, outcomes };
}

const hang = (): Promise<never> => new Promise(() => {});

describe('a guard', () => {
  test('aborts a hanging call at its limit and counts it as a failure', async () => {
    const { guard, outcomes } = guardWith({});
    let seen: AbortSignal | undefined;
    await expect(
      guard.call((signal) => {
        seen = signal;
        return hang();
      }),
    ).rejects.toMatchObject({ name: 'CallTimedOut', message: 'llm: no answer within 20 ms' });
    expect(seen?.aborted).toBe(true);
    for (let i = 0; i < 4; i += 1) await guard.call(hang).catch(() => {});
    expect(guard.state).toBe('open');
    expect(outcomes).toEqual(Array(5).fill('llm failure'));
    await expect(guard.call(hang)).rejects.toMatchObject({ reason: 'open' });
    expect(outcomes.at(-1)).toBe('llm rejected');
  });

  test('leaves no timer behind a call that was quick', async () => {
    const { guard } = guardWith({ timeoutMs: 60_000 });
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    for (let i = 0; i < 10; i += 1) await guard.call(async () => 'quick');
    expect(timers()).toBeLessThan(before + 5);
  });

  test('counts a hang although its caller has given up long before', async () => {
    const { guard } = guardWith({});
    const calls = Array.from({ length: 5 }, () => guard.call(hang));
    // The callers are gone; only the guard still looks after the calls.
    const abandoned = await Promise.race([...calls, Promise.resolve('gone')]);
    expect(abandoned).toBe('gone');
    await Promise.allSettled(calls);
    expect(guard.state).toBe('open');
  });

  test('rejects what exceeds the bulkhead without telling the breaker', async () => {
    const { guard, outcomes } = guardWith({ bulkhead: { concurrent: 1, queue: 0 }, timeoutMs: 1_000 });
    const first = Promise.withResolvers<string>();
    const running = guard.call(() => first.promise);
    expect(guard.admits()).toBe(false);
    for (let i = 0; i < 10; i += 1) {
      await expect(guard.call(hang)).rejects.toMatchObject({ reason: 'bulkhead' });
    }
    expect(guard.state).toBe('closed');
    first.resolve('done');
    expect(await running).toBe('done');
    expect(outcomes.at(-1)).toBe('llm success');
    expect(guard.admits()).toBe(true);
  });

  test('lets a call wait for a place, in order, where the queue has room', async () => {
    const { guard } = guardWith({ bulkhead: { concurrent: 1, queue: 2 }, timeoutMs: 1_000 });
    const first = Promise.withResolvers<string>();
    const order: string[] = [];
    const named = (name: string) => async (): Promise<void> => {
      order.push(name);
    };
    const running = guard.call(() => first.promise);
    const waiting = [guard.call(named('second')), guard.call(named('third'))];
    await expect(guard.call(named('fourth'))).rejects.toMatchObject({ reason: 'bulkhead' });
    expect(order).toEqual([]);
    first.resolve('done');
    await Promise.all([running, ...waiting]);
    expect(order).toEqual(['second', 'third']);
    expect(guard.admits()).toBe(true);
  });

  test('lets no call wait longer for a place than for an answer, and keeps the order of the others', async () => {
    const { guard, outcomes } = guardWith({ bulkhead: { concurrent: 1, queue: 2 }, timeoutMs: 40 });
    const release = Promise.withResolvers<void>();
    const running = guard.call(() => release.promise, 5_000);
    await expect(guard.call(() => Promise.resolve('late'))).rejects.toMatchObject({ reason: 'bulkhead' });
    expect(guard.waiting).toBe(0);
    expect(guard.state).toBe('closed');
    const second = guard.call(() => Promise.resolve('in time'));
    release.resolve();
    await expect(second).resolves.toBe('in time');
    await running;
    expect(guard.inFlight).toBe(0);
    expect(outcomes).toEqual(['llm rejected', 'llm success', 'llm success']);
  });

  test('never lets a call through that waited while the breaker opened', async () => {
    const { guard } = guardWith({ bulkhead: { concurrent: 1, queue: 20 } });
    let reached = 0;
    const ask = async (): Promise<void> => {
      reached += 1;
    };
    const fails = (): Promise<never> => Promise.reject(new DependencyFault('llm', 'network', 'ECONNRESET'));
    const failing = Array.from({ length: 5 }, () => guard.call(fails));
    const waiting = Array.from({ length: 10 }, () => guard.call(ask));
    await Promise.allSettled(failing);
    const ends = await Promise.allSettled(waiting);
    expect(reached).toBe(0);
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { reason: 'open' } });
  });

  test('takes a refusal of our request for a working dependency', async () => {
    const { guard, outcomes } = guardWith({});
    const refused = new RequestRefused('llm', 'request', 'status 400');
    await guard.call(() => Promise.reject(refused)).catch(() => {});
    expect(outcomes).toEqual(['llm success']);
  });
});
