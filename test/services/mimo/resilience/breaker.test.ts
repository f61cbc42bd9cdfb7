/** The breaker: exact threshold, capped probes, and no vote for calls from an earlier state. */
import { describe, expect, test } from '@jest/globals';
import type { Breaker } from '../../../../services/mimo/resilience/breaker.ts';
import { DependencyFault, RequestRefused } from '../../../../services/mimo/resilience/faults.ts';
import { until, watchedBreaker } from '../stage.ts';

const fault = new DependencyFault('llm', 'status', 'status 500');

/** A call whose end the test decides. */
function heldCall(breaker: Breaker): { succeed(): void; fail(): void; outcome: Promise<string> } {
  const held = Promise.withResolvers<string>();
  const outcome = breaker.execute(() => held.promise).catch((error: Error) => error.name);
  return { succeed: () => held.resolve('ok'), fail: () => held.reject(fault), outcome };
}

async function fail(breaker: Breaker, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const call = heldCall(breaker);
    call.fail();
    await call.outcome;
  }
}

/** Opens it and waits until it would admit a probe. */
async function openAndRest(breaker: Breaker): Promise<void> {
  await fail(breaker, 5);
  expect(breaker.state).toBe('open');
  await until('the open time is over', () => breaker.admits());
}

describe('a breaker', () => {
  test('opens at exactly the fifth failure in a row and then rejects without calling', async () => {
    const { breaker, history } = watchedBreaker({ openMs: 60_000 });
    await fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    await fail(breaker, 1);
    expect(breaker.state).toBe('open');
    let calls = 0;
    await expect(
      breaker.execute(async () => {
        calls += 1;
      }),
    ).rejects.toMatchObject({ name: 'CallRejected', reason: 'open' });
    expect(calls).toBe(0);
    expect(history).toEqual(['closed>open']);
  });

  test('does not count refusals of our own requests', async () => {
    const { breaker } = watchedBreaker();
    const refused = new RequestRefused('llm', 'request', 'status 422');
    for (let i = 0; i < 20; i += 1) {
      await expect(breaker.execute(() => Promise.reject(refused))).rejects.toBe(refused);
    }
    expect(breaker.state).toBe('closed');
  });

  test('admits three probes and rejects the fourth caller at once', async () => {
    const { breaker } = watchedBreaker();
    await openAndRest(breaker);
    const probes = [heldCall(breaker), heldCall(breaker), heldCall(breaker)];
    await expect(breaker.execute(async () => {})).rejects.toMatchObject({ reason: 'half-open' });
    expect(breaker.state).toBe('half-open');
    expect(breaker.admits()).toBe(false);
    // Decided while all probes are still under way: it cannot have waited for them.
    expect(await heldCall(breaker).outcome).toBe('CallRejected');
    for (const probe of probes) probe.succeed();
    expect(await Promise.all(probes.map((probe) => probe.outcome))).toEqual(['ok', 'ok', 'ok']);
    expect(breaker.state).toBe('closed');
  });

  test('reopens at one failed probe, and earlier successful ones give no credit', async () => {
    const { breaker, history } = watchedBreaker();
    await openAndRest(breaker);
    for (const end of ['succeed', 'succeed', 'fail'] as const) {
      const probe = heldCall(breaker);
      probe[end]();
      await probe.outcome;
    }
    expect(breaker.state).toBe('open');
    await until('the open time is over again', () => breaker.admits());
    for (let i = 0; i < 2; i += 1) await breaker.execute(async () => 'ok');
    expect(breaker.state).toBe('half-open');
    await breaker.execute(async () => 'ok');
    expect(history.join(' ')).toBe(
      'closed>open open>half-open half-open>open open>half-open half-open>closed',
    );
  });

  test('needs the full number of failures again after closing', async () => {
    const { breaker } = watchedBreaker();
    await openAndRest(breaker);
    for (let i = 0; i < 3; i += 1) await breaker.execute(async () => 'ok');
    await fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    await fail(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  test('is not reopened by a straggler that began while it was closed', async () => {
    const { breaker } = watchedBreaker();
    const straggler = heldCall(breaker);
    await openAndRest(breaker);
    const probe = heldCall(breaker);
    straggler.fail();
    expect(await straggler.outcome).toBe('DependencyFault');
    expect(breaker.state).toBe('half-open');
    probe.succeed();
    expect(await probe.outcome).toBe('ok');
  });

  test('keeps the value of a straggler that succeeds', async () => {
    const { breaker } = watchedBreaker();
    const straggler = heldCall(breaker);
    await openAndRest(breaker);
    straggler.succeed();
    expect(await straggler.outcome).toBe('ok');
    expect(breaker.state).toBe('open');
  });

  test('stays open no longer for stragglers that fail meanwhile', async () => {
    const { breaker, history } = watchedBreaker({ openMs: 60 });
    const stragglers = [heldCall(breaker), heldCall(breaker)];
    await fail(breaker, 5);
    const openedAtMs = performance.now();
    for (const straggler of stragglers) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      straggler.fail();
      await straggler.outcome;
    }
    await until('a probe is admitted', () => breaker.admits());
    expect(performance.now() - openedAtMs).toBeLessThan(60 + 40);
    expect(history).toEqual(['closed>open']);
  });
});
