import { describe, expect, test } from '@jest/globals';
import { Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

describe('exactly-once', () => {
  const written = (rows: Record<string, number>): Story => {
    const story = new Story();
    for (let i = 0; i < 10; i++) story.request(1_000 + i * 100, { name: 'store', key: `w${i}` });
    return story
      .request(2_100, { name: 'store', key: 'timed-out', outcome: 'timeout', status: null })
      .request(2_200, { name: 'store', key: 'trouble', outcome: 'error', status: 503 })
      .request(2_300, { name: 'store', key: 'refused', outcome: 'error', status: 400 })
      .event(5_000, { kind: 'audit', name: 'writes', result: { rows }, error: null });
  };
  const all = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`w${i}`, 1]));

  test('holds when each acknowledged write is there once; ambiguous ones are told of, either way', () => {
    expect(verdictOf('exactly-once', written(all))).toMatchObject({
      outcome: 'holds',
      numbers: { acknowledged: { value: 10 }, ambiguous: { value: 2 }, recovered: { value: 0 } },
    });
    expect(verdictOf('exactly-once', written({ ...all, 'timed-out': 1 }))).toMatchObject({
      outcome: 'holds',
      says: 'all 10 acknowledged writes stored once; of 2 ambiguous ones 1 are there',
    });
  });

  test.each([
    [{ w3: 0 }, /1 acknowledged write lost/],
    [{ w3: 2 }, /1 write stored twice/],
    [{ 'timed-out': 2 }, /1 write stored twice/],
    [{ refused: 1 }, /1 refused write stored all the same/],
    [{ w3: 0, w4: 3 }, /1 acknowledged write lost, 1 write stored twice/],
  ])('fails %j', (change, says) => {
    expect(verdictOf('exactly-once', written({ ...all, ...change } as Record<string, number>))).toMatchObject(
      {
        outcome: 'fails',
        says: expect.stringMatching(says),
      },
    );
  });

  test('is inconclusive without an audit, with a failed one, and with hardly any write', () => {
    expect(verdictOf('exactly-once', new Story()).says).toMatch(/no audit "writes"/);
    const broken = { kind: 'audit', name: 'writes', result: null, error: 'refused' };
    expect(verdictOf('exactly-once', new Story().event(5_000, broken)).says).toMatch(/failed: refused/);
    expect(verdictOf('exactly-once', written(all), { atLeast: 11 }).outcome).toBe('inconclusive');
  });
});

describe('degraded-correct', () => {
  const params = { link: 'llm', empty: ['default'] };
  const TIDES = { question: 'tides', answer: 'high' };

  /** Asked live before and after; during the outage as told. */
  function outage(during: object, times = 5): Story {
    const story = new Story().fault(1_000, 3_000);
    story.request(100, TIDES).attempt(101);
    for (let i = 0; i < times; i++) story.request(1_100 + i * 50, { by: 'cached', ...TIDES, ...during });
    return story.request(3_500, TIDES).attempt(3_501);
  }

  test('holds when a cached answer is one that was given live, and a default one is empty', () => {
    expect(verdictOf('degraded-correct', outage({}), params)).toMatchObject({
      outcome: 'holds',
      numbers: { repeated: { value: 5 }, empty: { value: 0 } },
    });
    const empty = outage({ by: 'default', answer: null });
    expect(verdictOf('degraded-correct', empty, params)).toMatchObject({
      outcome: 'holds',
      numbers: { empty: { value: 5 } },
    });
  });

  test('fails a cached answer that was never given, or to another question, or only later', () => {
    expect(verdictOf('degraded-correct', outage({ answer: 'low' }), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: degraded answers wrong: 5 of 5 answers served as cached equal nothing that was answered live to the same question',
    });
    expect(verdictOf('degraded-correct', outage({ question: 'falcons' }), params).outcome).toBe('fails');
    const later = outage({ answer: 'low' }).request(4_000, { ...TIDES, answer: 'low' });
    expect(verdictOf('degraded-correct', later, params).outcome).toBe('fails');
  });

  test('an answer that was itself degraded is no model', () => {
    const poor = outage({ answer: 'poor' })
      .request(1_010, { ...TIDES, answer: 'poor', by: 'hash' })
      .attempt(1_011);
    expect(verdictOf('degraded-correct', poor, params).outcome).toBe('fails');
  });

  test('an answer whose caller gave up may have been kept: nothing is said against what equals nothing then', () => {
    const unseen = outage({ answer: 'low' }).request(500, {
      ...TIDES,
      answer: undefined,
      outcome: 'timeout',
      status: null,
    });
    expect(verdictOf('degraded-correct', unseen, params).outcome).toBe('holds');
  });

  test('can be asked of some kinds of requests alone', () => {
    const poor = (params: object) => verdictOf('degraded-correct', outage({ by: 'default' }), params).outcome;
    expect(poor({ ...params, requests: ['ask'] })).toBe('fails');
    expect(poor({ ...params, requests: ['store'] })).toBe('inconclusive');
  });

  test('fails a default answer that says something', () => {
    expect(verdictOf('degraded-correct', outage({ by: 'default' }), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(
        /degraded answers made up: 5 of 5 answers served as default hold something/,
      ),
    });
  });

  test('fails an answer that claims to be live with no good attempt behind it', () => {
    expect(verdictOf('degraded-correct', outage({ by: 'live' }), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/degraded answers unmarked: 5 answers/),
    });
  });

  test('is inconclusive when nobody looked into answers, or none was degraded', () => {
    expect(verdictOf('degraded-correct', new Story().traffic(0, 1_000, 'good'), params).says).toMatch(
      /`compare`/,
    );
    expect(verdictOf('degraded-correct', outage({}, 2), params).outcome).toBe('inconclusive');
  });
});

describe('goodput-recovers', () => {
  /** Live until the fault, degraded from it until `backMs`, live again. */
  const outage = (backMs: number): Story =>
    new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, backMs, null, { by: 'cached' })
      .traffic(backMs, 5_000, 'good');

  test('holds when answers are live again in time', () => {
    expect(verdictOf('goodput-recovers', outage(3_500), {})).toMatchObject({
      outcome: 'holds',
      numbers: { took: { value: 500 }, limit: { value: 1_750 }, atEnd: { value: 1 } },
    });
  });

  test('fails when they come back late, and names the time', () => {
    expect(verdictOf('goodput-recovers', outage(4_500), { withinMs: 1_000 })).toMatchObject({
      outcome: 'fails',
      says: 'goodput returned late: 1500 ms after the heal; at most 1000',
    });
  });

  test('fails when they do not come back though nothing is broken any more', () => {
    expect(verdictOf('goodput-recovers', outage(5_000), {})).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/goodput did not return: 0 % at the end, 100 % before the fault/),
    });
  });

  test('a moment of good answers is no return', () => {
    const relapse = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(3_000, 3_500, 'good')
      .traffic(3_500, 5_000, null, { status: 503, outcome: 'error' });
    expect(verdictOf('goodput-recovers', relapse, {}).outcome).toBe('fails');
  });

  test('counts any answer where the target does not say how it serves', () => {
    const unmarked = new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good', { servedBy: null });
    expect(verdictOf('goodput-recovers', unmarked, {}).outcome).toBe('inconclusive');
    expect(verdictOf('goodput-recovers', unmarked, { counts: 'answered' }).outcome).toBe('holds');
  });

  test('is inconclusive without traffic before or after', () => {
    const before = new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good');
    expect(verdictOf('goodput-recovers', before, {}).outcome).toBe('inconclusive');
    const after = new Story().fault(1_000, 3_000).traffic(3_000, 5_000, 'good');
    expect(verdictOf('goodput-recovers', after, {}).outcome).toBe('inconclusive');
  });
});
