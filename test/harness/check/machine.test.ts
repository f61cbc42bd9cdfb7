import { describe, expect, test } from '@jest/globals';
import { judge } from '../../../harness/check/judge.ts';
import { starved } from '../../../harness/check/machine.ts';
import type { Judgement } from '../../../harness/model/verdict.ts';
import { Story } from '../../support/story.ts';

/** Samples of the machine over the whole load. */
function on(story: Story, cpuWaitRatio: number | null, lateMs: number): Story {
  for (let atMs = 0; atMs < 5_000; atMs += 250)
    story.event(atMs, { kind: 'machine', endT: (atMs + 250) * 1e6, cpuWaitRatio, lateMs });
  return story;
}

/** A target that trips after its fifth failure, and one that never does. */
const good = (): Story =>
  new Story()
    .fault(1_000, 3_000)
    .traffic(0, 1_000, 'good')
    .traffic(1_000, 1_250, 'failed', { by: 'cached' })
    .traffic(1_250, 3_000, null, { by: 'cached' })
    .traffic(3_000, 5_000, 'good');
const bad = (): Story =>
  new Story()
    .fault(1_000, 3_000)
    .traffic(0, 1_000, 'good')
    .traffic(1_000, 3_000, 'failed')
    .traffic(3_000, 5_000, 'good');

const outcomesOf = (judgements: Judgement[], check: string): string[] =>
  judgements.filter((judgement) => judgement.check === check).map(({ verdict }) => verdict.outcome);

describe('a starved machine', () => {
  test.each([
    ['processes waited for a CPU', 0.9, 5],
    ['an idle process woke late', 0.3, 300],
    ['an idle process woke late, where the kernel tells no waiting', null, 300],
  ])('makes a failure inconclusive, and says why: %s', (_why, cpuWaitRatio, lateMs) => {
    const judgements = judge(on(bad(), cpuWaitRatio, lateMs).tell());
    expect(starved(judgements)).toBe(true);
    expect(outcomesOf(judgements, 'breaker-trips')).toEqual(['inconclusive']);
    expect(judgements[0]).toMatchObject({
      check: 'machine-kept-up',
      verdict: { outcome: 'inconclusive', says: expect.stringMatching(/too busy to judge by/) },
    });
  });

  test('is seen where only one phase was starved', () => {
    const story = bad();
    for (let atMs = 0; atMs < 5_000; atMs += 250)
      story.event(atMs, {
        kind: 'machine',
        endT: (atMs + 250) * 1e6,
        cpuWaitRatio: atMs < 1_000 ? 0.95 : 0.2,
        lateMs: 5,
      });
    expect(starved(judge(story.tell()))).toBe(true);
  });

  test('is seen where only the steady state after was starved', () => {
    // Under load from 3000 to 5000; the steady state after is judged from 4000.
    const story = bad();
    for (let atMs = 0; atMs < 5_000; atMs += 250)
      story.event(atMs, {
        kind: 'machine',
        endT: (atMs + 250) * 1e6,
        cpuWaitRatio: atMs >= 4_000 ? 0.95 : 0.3,
        lateMs: 5,
      });
    expect(starved(judge(story.tell()))).toBe(true);
  });

  test.each([
    ['are seen where failures came in them', 6_400, true],
    ['are not to blame for failures at another time', 7_700, false],
  ])('some moments of starvation %s', (_, failedAtMs, isStarved) => {
    // The steady state after is judged from 6000 to 8000.
    const story = new Story({ faultAtMs: 2_000, healAtMs: 4_000, recoveryMs: 4_000 })
      .fault(2_000, 4_000)
      .traffic(0, 2_000, 'good')
      .traffic(2_000, 2_250, 'failed', { by: 'cached' })
      .traffic(2_250, 4_000, null, { by: 'cached' })
      .traffic(4_000, 8_000, 'good');
    for (let i = 0; i < 10; i++)
      story.request(failedAtMs + 20 * i, { outcome: 'error', status: 500, servedBy: null });
    for (let atMs = 0; atMs < 8_000; atMs += 250)
      story.event(atMs, {
        kind: 'machine',
        endT: (atMs + 250) * 1e6,
        cpuWaitRatio: atMs >= 6_000 && atMs < 6_750 ? 0.95 : 0.3,
        lateMs: 5,
      });
    const judgements = judge(story.tell());
    expect(outcomesOf(judgements, 'success-ratio')).toEqual(['holds', isStarved ? 'inconclusive' : 'fails']);
    expect(starved(judgements)).toBe(isStarved);
  });

  test('changes nothing for a check that holds all the same', () => {
    const judgements = judge(on(good(), 0.9, 5).tell());
    expect(outcomesOf(judgements, 'breaker-trips')).toEqual(['holds']);
  });

  test.each([
    ['a machine that kept up', (story: Story) => on(story, 0.6, 30)],
    ['a machine that nobody watched', (story: Story) => story],
  ])('is not seen in %s: a failure stays a failure', (_what, watch) => {
    const judgements = judge(watch(bad()).tell());
    expect(starved(judgements)).toBe(false);
    expect(outcomesOf(judgements, 'breaker-trips')).toEqual(['fails']);
  });

  test('is seen where the load itself left late, though the target kept up', () => {
    const story = good();
    for (let atMs = 2_000; atMs < 2_400; atMs += 20) story.request(atMs, { startT: (atMs + 489) * 1e6 });
    const judgements = judge(on(story, 0.5, 30).tell());
    expect(outcomesOf(judgements, 'load-on-schedule')).toEqual(['inconclusive']);
    expect(starved(judgements)).toBe(true);
  });

  test('is not to blame where requests were dropped because too many were open', () => {
    const story = good();
    for (let i = 0; i < 20; i++) story.request(2_000, { outcome: 'dropped', status: null });
    const judgements = judge(on(story, 0.5, 30).tell());
    expect(outcomesOf(judgements, 'load-on-schedule')).toEqual(['inconclusive']);
    expect(starved(judgements)).toBe(false);
  });
});
