import { describe, expect, test } from '@jest/globals';
import { judge } from '../../../harness/check/judge.ts';
import { ALWAYS, CHECKERS } from '../../../harness/check/registry.ts';
import { toNs } from '../../../harness/model/time.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { Story } from '../../support/story.ts';

/** A scenario with one operation from 1000 ms on, which has 2000 ms. */
const TIMELINE = [{ at: 1_000, operate: 'deploy', withinMs: 2_000 }];

/** Writes every 50 ms, but for those in the gap, which are told by each test; the operation lasts a second. */
function deploy({ error = null as string | null, untilMs = 2_000 } = {}): Story {
  const story = new Story();
  const scenario = { ...(story.tell().header.scenario as object), timeline: TIMELINE };
  return story
    .header({ scenario })
    .event(1_000, { kind: 'operation', endT: toNs(untilMs), name: 'deploy', printed: '', error });
}

const writes = (story: Story, fromMs: number, toMs: number, about: object = {}): Story =>
  story.traffic(fromMs, toMs, null, { name: 'store', ...about });

function verdictOf(check: string, story: Story, params: object = {}): Verdict {
  const checker = CHECKERS.get(check) ?? ALWAYS.find(({ name }) => name === check);
  if (checker === undefined) throw new Error(`no checker ${check}`);
  return checker.judge(story.tell(), checker.params.parse(params), 'after');
}

describe('writes-available', () => {
  const params = { unavailableMsMax: 300 };

  test('holds with the longest time without an acknowledged write, and tells it', () => {
    const story = writes(deploy(), 0, 1_200);
    writes(story, 1_200, 1_400, { outcome: 'broken', status: null, by: 'none' });
    writes(story, 1_400, 5_000);
    expect(verdictOf('writes-available', story, params)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(
        /^writes unavailable for 205 ms at the longest.* 4 not acknowledged, 0 acknowledged but not live$/,
      ),
      numbers: { writeUnavailableLongest: { value: 205, unit: 'ms' } },
    });
  });

  test('fails where it was longer', () => {
    const story = writes(deploy(), 0, 1_200);
    writes(story, 1_200, 1_700, { outcome: 'error', status: 503 });
    writes(story, 1_700, 5_000);
    expect(verdictOf('writes-available', story, params)).toMatchObject({ outcome: 'fails' });
  });

  test('counts a write that hangs, and writes that never come back, as time without', () => {
    const hung = writes(deploy(), 0, 1_200).request(1_200, { name: 'store', tookMs: 1_500 });
    writes(hung, 2_600, 5_000);
    expect(verdictOf('writes-available', hung, params).numbers.writeUnavailableLongest?.value).toBe(1_405);
    const gone = writes(deploy(), 0, 1_200);
    writes(gone, 1_200, 5_000, { outcome: 'timeout', status: null });
    expect(verdictOf('writes-available', gone, params).numbers.writeUnavailableLongest?.value).toBe(3_800);
  });

  test('tells what was acknowledged from elsewhere apart', () => {
    const story = writes(deploy(), 0, 1_500);
    writes(story, 1_500, 1_600, { by: 'memory', status: 202 });
    writes(story, 1_600, 5_000);
    expect(verdictOf('writes-available', story, params)).toMatchObject({
      outcome: 'holds',
      numbers: { notLive: { value: 2 }, writeUnavailableLongest: { value: 0 } },
    });
  });

  test('is inconclusive without an operation, and without writes during it', () => {
    expect(verdictOf('writes-available', writes(new Story(), 0, 5_000), params).outcome).toBe('inconclusive');
    const story = writes(deploy(), 0, 1_000);
    expect(verdictOf('writes-available', writes(story, 2_100, 5_000), params).outcome).toBe('inconclusive');
  });
});

describe('answered-through', () => {
  const params = { atLeast: 0.9 };

  test('holds and fails by the share of the requests that met the operation', () => {
    const story = deploy().traffic(0, 5_000, null);
    expect(verdictOf('answered-through', story, params)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(/^20 of 20 requests answered/),
    });
    const broken = deploy().traffic(0, 1_800, null);
    broken.traffic(1_800, 2_000, null, { outcome: 'broken', status: null }).traffic(2_000, 5_000, null);
    expect(verdictOf('answered-through', broken, params)).toMatchObject({
      outcome: 'fails',
      numbers: { notAnswered: { value: 4, unit: 'requests' } },
    });
  });

  test('is inconclusive where hardly anybody asked', () => {
    const story = deploy().traffic(0, 1_000, null).traffic(2_000, 5_000, null);
    expect(verdictOf('answered-through', story, params).outcome).toBe('inconclusive');
  });
});

describe('operations-done', () => {
  test('tells how long each took', () => {
    expect(verdictOf('operations-done', deploy())).toMatchObject({
      outcome: 'holds',
      says: 'deploy took 1000 ms',
    });
  });

  test('fails one that failed, and is inconclusive where one was not carried out', () => {
    expect(verdictOf('operations-done', deploy({ error: 'deploy failed (code 1): no disk' }))).toMatchObject({
      outcome: 'fails',
      says: 'not carried out: deploy: deploy failed (code 1): no disk',
    });
    const story = new Story();
    story.header({ scenario: { ...(story.tell().header.scenario as object), timeline: TIMELINE } });
    expect(verdictOf('operations-done', story).outcome).toBe('inconclusive');
  });
});

test('an operation ends the steady state before it, and is asked for where there is no fault', () => {
  const story = deploy().traffic(0, 900, null);
  story.traffic(1_000, 2_000, null, { outcome: 'broken', status: null }).traffic(2_000, 5_000, null);
  const judgements = judge(story.tell());
  const names = judgements.filter(({ part }) => part === 'always').map(({ check }) => check);
  expect(names).toContain('operations-done');
  expect(names).not.toContain('faults-hit');
  expect(judgements.find(({ part }) => part === 'steady state before')?.verdict.outcome).toBe('holds');
});

test('writes-kept without a link counts the writes that an operation could lose', () => {
  const story = writes(deploy(), 0, 5_000);
  const keys = Array.from({ length: 100 }, (_, i) => `k${i + 1}`);
  const audited = (rows: string[]): Story =>
    story.event(5_000, {
      kind: 'audit',
      name: 'writes',
      result: { rows: Object.fromEntries(rows.map((key) => [key, 1])) },
      error: null,
    });
  expect(verdictOf('writes-kept', audited(keys))).toMatchObject({
    outcome: 'holds',
    says: expect.stringMatching(/40 of them during the load until the operations were over/),
  });
  expect(verdictOf('writes-kept', audited(keys.slice(1)))).toMatchObject({ outcome: 'fails' });
});

describe('reading-flat', () => {
  const params = { reading: 'memory', driftRatioMax: 0.1, afterMs: 1_000 };
  /** Five seconds of readings; each value is made from its place in time, 0 to 1. */
  const soak = (value: (share: number) => number, everyMs = 50): Story => {
    const story = new Story();
    for (let atMs = 0; atMs < 5_000; atMs += everyMs)
      story.event(atMs, { kind: 'reading', name: 'memory', value: value(atMs / 5_000), unit: 'bytes' });
    return story;
  };

  test('holds for a saw that comes back down, and for a start that climbs', () => {
    const saw = soak((share) => 1_000 + ((share * 300) % 30) * 10);
    expect(verdictOf('reading-flat', saw, params).outcome).toBe('holds');
    const climbing = soak((share) => (share < 0.2 ? 500 + 2_500 * share : 1_000));
    expect(verdictOf('reading-flat', climbing, params)).toMatchObject({
      outcome: 'holds',
      says: 'memory: +0.0 bytes over 4 s, +0.0 % of its median 1000 (allowed 10 %)',
    });
  });

  test('fails a slow climb under the saw, and a fall', () => {
    const leak = soak((share) => 1_000 + 250 * share + ((share * 300) % 30));
    expect(verdictOf('reading-flat', leak, params)).toMatchObject({
      outcome: 'fails',
      numbers: { slope: { unit: 'bytes/min' } },
    });
    expect(
      verdictOf(
        'reading-flat',
        soak((share) => 1_000 - 300 * share),
        params,
      ).outcome,
    ).toBe('fails');
  });

  test('is inconclusive with too few readings, and with none', () => {
    expect(
      verdictOf(
        'reading-flat',
        soak(() => 1, 500),
        params,
      ).outcome,
    ).toBe('inconclusive');
    expect(verdictOf('reading-flat', new Story(), params).says).toMatch(/no reading "memory" was taken/);
  });
});
