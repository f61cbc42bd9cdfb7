import { describe, expect, test } from '@jest/globals';
import { Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

const link = { link: 'llm' };
const outage = (): Story => new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good');

describe('outage-told', () => {
  const params = { reading: 'open-links' };
  const read = (story: Story, name: string, ...values: [atMs: number, value: number][]): Story => {
    for (const [atMs, value] of values) story.event(atMs, { kind: 'reading', name, value, unit: 'links' });
    return story;
  };

  test('holds when the number rises with the outage', () => {
    const told = read(outage(), 'open-links', [500, 0], [1_500, 1], [4_000, 0]);
    expect(verdictOf('outage-told', told, params)).toMatchObject({
      outcome: 'holds',
      says: 'open-links rose from 0 to 1 links with the outage',
    });
  });

  test('fails a number that stays, and one that is not exported', () => {
    expect(
      verdictOf('outage-told', read(outage(), 'open-links', [500, 0], [1_500, 0]), params),
    ).toMatchObject({
      outcome: 'fails',
      says: 'outage untold: open-links was 0 links before the fault and at most 0 since; it must rise by 1',
    });
    expect(verdictOf('outage-told', read(outage(), 'queue', [1_500, 4]), params)).toMatchObject({
      outcome: 'fails',
      says: 'outage untold: open-links is not told at all, though other numbers are',
    });
  });

  test('is inconclusive where nothing was read, and where nothing was injected', () => {
    expect(verdictOf('outage-told', outage(), params).outcome).toBe('inconclusive');
    expect(verdictOf('outage-told', new Story(), params).says).toBe('open-links: no fault was injected');
  });
});

describe('outage-not-blamed', () => {
  const answered = (status: number): Story =>
    outage().traffic(1_000, 3_000, null, { status, outcome: 'error', by: '' }).traffic(3_000, 5_000, 'good');

  test('holds where the outage is told as ours, or as too many requests', () => {
    expect(verdictOf('outage-not-blamed', answered(503), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: none of 40 requests that the outage failed was answered 4xx',
    });
    expect(verdictOf('outage-not-blamed', answered(429), link).outcome).toBe('holds');
  });

  test("fails where it is told as the caller's", () => {
    expect(verdictOf('outage-not-blamed', answered(400), link)).toMatchObject({
      outcome: 'fails',
      says: "llm: outage told as the caller's fault: 40 answers 400 to requests that were fine before",
    });
  });

  test('is inconclusive where nobody met the outage', () => {
    expect(verdictOf('outage-not-blamed', outage(), link).outcome).toBe('inconclusive');
  });
});

describe('known-answers-repeated', () => {
  const served = (by: string): Story =>
    new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good', { question: 'q', answer: 'a' })
      .traffic(1_000, 3_000, null, { by, question: 'q', answer: by === 'cached' ? 'a' : null })
      .traffic(1_000, 3_000, null, { by: 'default', question: 'new', answer: null });

  test('holds where what was known is repeated, and the rest is not', () => {
    expect(verdictOf('known-answers-repeated', served('cached'), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: 40 of 40 degraded answers to known questions were served as cached',
    });
  });

  test('fails where it is forgotten', () => {
    expect(verdictOf('known-answers-repeated', served('default'), link)).toMatchObject({
      outcome: 'fails',
      says: expect.stringContaining('known answers forgotten: of 40 degraded answers'),
    });
  });

  test('is inconclusive where no question was known', () => {
    const unknown = outage().traffic(1_000, 3_000, null, { by: 'default', question: 'new', answer: null });
    expect(verdictOf('known-answers-repeated', unknown, link).outcome).toBe('inconclusive');
  });
});

describe('hot-kept', () => {
  const params = { ...link, request: 'ping' };
  const hot = (fate: 'good' | null): Story =>
    outage().traffic(1_000, 3_000, 'good').traffic(0, 3_000, fate, { name: 'ping' });

  test('holds where the hot question stays in the cache', () => {
    expect(verdictOf('hot-kept', hot(null), params)).toMatchObject({
      outcome: 'holds',
      says: 'llm: 0 of 60 requests of the kind ping reached it',
    });
  });

  test('fails where it is pushed out', () => {
    expect(verdictOf('hot-kept', hot('good'), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: what is asked often is not kept: 60 of 60 requests of the kind ping reached it; at most 5 %',
    });
  });

  test('is inconclusive where nothing else passes through the cache', () => {
    const alone = new Story().traffic(0, 3_000, null, { name: 'ping' });
    expect(verdictOf('hot-kept', alone, params).outcome).toBe('inconclusive');
  });
});

describe('no-stampede', () => {
  /** Calls for the same, 20 ms apart, that take so long each. */
  const calls = (tookMs: number): Story => {
    const story = outage().traffic(3_000, 5_000, 'good');
    for (let n = 0; n < 30; n += 1) {
      story.request(1_000 + 20 * n).attempt(1_000 + 20 * n, { tookMs, bodyHash: 'same' });
      story.attempt(1_000 + 20 * n, { tookMs: 500, bodyHash: `other ${n}` });
    }
    return story;
  };

  test('holds where calls for the same follow each other, however many others there are', () => {
    expect(verdictOf('no-stampede', calls(19), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: 60 calls for 30 requests, at most 1 for the same at once',
    });
  });

  test('names calls for the same at once', () => {
    expect(verdictOf('no-stampede', calls(90), link)).toMatchObject({
      outcome: 'fails',
      says: 'llm: cache stampede: 5 calls for the same were under way at once; at most 1',
    });
  });

  test('is inconclusive where nobody called', () => {
    expect(verdictOf('no-stampede', outage().traffic(1_000, 3_000, null), link).outcome).toBe('inconclusive');
  });
});

describe('answers-have', () => {
  const params = { request: 'ask' };
  const answers = (answer: string | null): Story =>
    outage().traffic(1_000, 3_000, 'good', { question: 'q', answer });

  test('holds where every answer has the part', () => {
    expect(verdictOf('answers-have', answers('a'), params)).toMatchObject({
      outcome: 'holds',
      says: 'ask: all of 40 answers during the outage hold the compared part',
    });
  });

  test('fails where one lacks it', () => {
    expect(
      verdictOf('answers-have', answers('a').request(2_000, { question: 'q', answer: null }), params),
    ).toMatchObject({
      outcome: 'fails',
      says: 'ask: answers lack the compared part: 1 of 41 answers during the outage',
    });
  });

  test('is inconclusive where nobody looked', () => {
    expect(verdictOf('answers-have', outage().traffic(1_000, 3_000, 'good'), params).outcome).toBe(
      'inconclusive',
    );
  });
});
