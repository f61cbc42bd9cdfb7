import { describe, expect, test } from '@jest/globals';
import { POLICY, Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

const RETRY = {
  attempts: 3,
  backoff: { kind: 'exponential', baseMs: 20, factor: 2, capMs: 200, jitter: 'full' },
  deadlineMs: 900,
} as const;

describe('retry-amplification', () => {
  const params = { link: 'llm' };

  /** So many attempts for each request, from one moment to another. */
  function tried(story: Story, fromMs: number, toMs: number, times: number, failed: boolean): Story {
    for (let atMs = fromMs; atMs < toMs; atMs += 50) {
      story.request(atMs, { tookMs: 40 });
      for (let i = 0; i < times; i++) story.attempt(atMs + 1 + i * 5, { failed });
    }
    return story;
  }
  const outage = (times: number, usual = 1, policy = POLICY): Story => {
    const story = new Story({ policy }).fault(1_000, 3_000);
    tried(story, 0, 950, usual, false);
    tried(story, 1_000, 1_500, times, true);
    return tried(story, 3_000, 5_000, usual, false);
  };

  test('holds when each request makes as many attempts as ever, and when it makes the declared tries', () => {
    expect(verdictOf('retry-amplification', outage(1), params)).toMatchObject({
      outcome: 'holds',
      numbers: { during: { value: 1 }, most: { value: 1 } },
    });
    const retrying = outage(3, 1, { ...POLICY, retry: RETRY });
    expect(verdictOf('retry-amplification', retrying, params)).toMatchObject({
      outcome: 'holds',
      numbers: { during: { value: 3 }, allowed: { value: 3 } },
    });
  });

  test('a request that always asks three times is no storm', () => {
    expect(verdictOf('retry-amplification', outage(3, 3), params)).toMatchObject({
      outcome: 'holds',
      numbers: { during: { value: 1 }, perRequest: { value: 3 } },
    });
  });

  test('fails a storm, with its number', () => {
    expect(verdictOf('retry-amplification', outage(5), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(
        /retry storm: 5\.0 times the usual attempts during the outage \(50 for 10 requests\)/,
      ),
    });
    expect(verdictOf('retry-amplification', outage(5), { ...params, atMost: 6 }).outcome).toBe('holds');
  });

  test('fails one request that is tried too often, though most are not', () => {
    const one = outage(1).traffic(1_500, 3_000, null).request(2_900, { tookMs: 50 });
    for (let i = 0; i < 4; i++) one.attempt(2_905 + i * 5, { failed: true });
    expect(verdictOf('retry-amplification', one, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/4 attempts for one request/),
    });
  });

  test('fails a storm that begins when the outage is over', () => {
    const story = outage(1);
    for (let atMs = 3_020; atMs < 5_000; atMs += 5) story.attempt(atMs, { trace: null, failed: true });
    expect(verdictOf('retry-amplification', story, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/over the whole run/),
    });
  });

  test('is inconclusive when nothing failed, and where nothing is declared or given', () => {
    const well = new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good');
    expect(verdictOf('retry-amplification', well, params).says).toMatch(/too few to see retries/);
    const undeclared = outage(1).header({ declared: {} });
    expect(verdictOf('retry-amplification', undeclared, params).says).toMatch(/give atMost/);
    expect(verdictOf('retry-amplification', new Story(), params).outcome).toBe('inconclusive');
  });
});

describe('retry-after-honoured', () => {
  const params = { link: 'llm' };
  const limited = { status: 429, retryAfterMs: 500, bodyHash: 'same' };

  test('holds when the same request is tried again later, or not at all', () => {
    const patient = new Story()
      .request(1_000, { tookMs: 700 })
      .attempt(1_001, limited)
      .attempt(1_520, { bodyHash: 'same', attempt: 2 })
      .request(1_010)
      .attempt(1_011, limited);
    expect(verdictOf('retry-after-honoured', patient, params)).toMatchObject({
      outcome: 'holds',
      numbers: { asked: { value: 2 }, again: { value: 1 } },
    });
  });

  test('fails one that is tried again too soon, by its trace or by its body', () => {
    const hasty = new Story()
      .request(1_000, { tookMs: 300 })
      .attempt(1_001, limited)
      .attempt(1_104, { bodyHash: 'same', attempt: 2 });
    expect(verdictOf('retry-after-honoured', hasty, params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: Retry-After ignored: 1 attempt too soon, the first 100 ms after an answer that asked for 500 ms',
    });
    const untraced = new Story()
      .request(1_000)
      .attempt(1_001, { ...limited, trace: null })
      .attempt(1_104, { bodyHash: 'same', attempt: 2, trace: null });
    expect(verdictOf('retry-after-honoured', untraced, params).outcome).toBe('fails');
  });

  test('another request may come meanwhile, unless the whole link was to be left alone', () => {
    const busy = new Story().request(1_000).attempt(1_001, limited).request(1_200).attempt(1_201);
    expect(verdictOf('retry-after-honoured', busy, params).outcome).toBe('holds');
    expect(verdictOf('retry-after-honoured', busy, { ...params, scope: 'link' })).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/Retry-After ignored: 1 attempt too soon/),
    });
    const quiet = new Story().request(1_000).attempt(1_001, limited).traffic(1_200, 1_400, null);
    expect(verdictOf('retry-after-honoured', quiet, { ...params, scope: 'link' })).toMatchObject({
      outcome: 'holds',
      numbers: { requests: { value: 4 } },
    });
  });

  test('is inconclusive when nobody asked to wait, or nobody came while it had to', () => {
    const never = new Story().traffic(0, 1_000, 'failed');
    expect(verdictOf('retry-after-honoured', never, params).outcome).toBe('inconclusive');
    const declared = new Story({ policy: { ...POLICY, retry: RETRY } }).request(1_000);
    expect(verdictOf('retry-after-honoured', declared.attempt(1_001, limited), params).says).toMatch(
      /none of these requests was tried again, though tries are declared/,
    );
    const idle = new Story().request(1_000).attempt(1_001, limited);
    expect(verdictOf('retry-after-honoured', idle, { ...params, scope: 'link' }).says).toMatch(
      /patience from idleness/,
    );
  });
});

describe('deadline-respected', () => {
  const outage = (tookMs: number, about: object = {}): Story =>
    new Story().fault(1_000, 3_000).traffic(1_000, 2_000, null, { tookMs, ...about });

  test('holds when every answer comes within the deadline', () => {
    expect(verdictOf('deadline-respected', outage(400), { withinMs: 500 })).toMatchObject({
      outcome: 'holds',
      numbers: { longest: { value: 400 }, late: { value: 0 } },
    });
  });

  test('fails late answers, and callers that gave up', () => {
    expect(verdictOf('deadline-respected', outage(900), { withinMs: 500 })).toMatchObject({
      outcome: 'fails',
      says: 'deadline missed: 20 requests of 20 during the outage took up to 900 ms; the deadline is 500 ms',
    });
    const gaveUp = outage(1_000, { outcome: 'timeout', status: null });
    expect(verdictOf('deadline-respected', gaveUp, {})).toMatchObject({
      outcome: 'fails',
      numbers: { deadline: { value: 1_000 } },
    });
  });

  test('fails work that goes on after the deadline, on any link', () => {
    const working = outage(400)
      .request(1_500, { tookMs: 490, status: 504, outcome: 'error' })
      .attempt(1_501, { failed: true })
      .attempt(2_400, { failed: true });
    expect(verdictOf('deadline-respected', working, { withinMs: 500 })).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(
        /deadline not passed on: 1 attempt on llm began after the deadline of 500 ms/,
      ),
    });
  });

  test('fails attempts that nobody ends at their declared timeout, though answers came in time', () => {
    const hanging = { failed: true, status: null, outcome: 'broken', endedBy: 'dependency' };
    const ended = outage(400)
      .request(1_500, { tookMs: 410 })
      .attempt(1_501, { ...hanging, tookMs: 402 });
    expect(verdictOf('deadline-respected', ended, { withinMs: 500 }).outcome).toBe('holds');
    const left = outage(400)
      .request(1_500, { tookMs: 410 })
      .attempt(1_501, { ...hanging, tookMs: 1_400 });
    expect(verdictOf('deadline-respected', left, { withinMs: 500 })).toMatchObject({
      outcome: 'fails',
      says: 'timeout not enforced: 1 attempt on llm went on for up to 1400 ms; declared at most 400 ms',
    });
  });

  test('is inconclusive when hardly anything met the outage', () => {
    const before = new Story().fault(1_000, 3_000).traffic(0, 900, 'good');
    expect(verdictOf('deadline-respected', before, {}).outcome).toBe('inconclusive');
    expect(verdictOf('deadline-respected', outage(400), { requests: ['store'] }).outcome).toBe(
      'inconclusive',
    );
  });
});
