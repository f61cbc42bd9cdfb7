import { describe, expect, test } from '@jest/globals';
import { Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

/** A connection of the link, open from one moment to another; null: to the end. */
function connection(story: Story, id: number, fromMs: number, toMs: number | null): Story {
  const about = { kind: 'connection', link: 'llm', connection: id, bytesUp: 0, bytesDown: 0, faults: [] };
  story.event(fromMs, { ...about, what: 'opened', endedBy: null });
  return toMs === null ? story : story.event(toMs, { ...about, what: 'closed', endedBy: 'target' });
}

const reading = (story: Story, atMs: number, name: string, value: number): Story =>
  story.event(atMs, { kind: 'reading', name, value, unit: name === 'queue' ? 'writes' : 'bytes' });

describe('no-false-recovery', () => {
  const params = { link: 'llm', afterMs: 500 };
  const outage = (backMs: number): Story =>
    new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, backMs, null, { by: 'cached' })
      .traffic(backMs, 5_000, 'good');

  test('holds when answers are live again in time', () => {
    expect(verdictOf('no-false-recovery', outage(3_400), params)).toMatchObject({
      outcome: 'holds',
      numbers: { degraded: { value: 0 }, answers: { value: 30 } },
    });
  });

  test('fails a fallback that is served long after the heal', () => {
    expect(verdictOf('no-false-recovery', outage(4_500), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: false recovery: 20 of 30 answers still served as cached more than 500 ms after the heal',
    });
  });

  test('what was degraded before the fault may be so after it', () => {
    const usual = new Story().fault(1_000, 3_000).traffic(0, 5_000, null, { by: 'cached' });
    expect(verdictOf('no-false-recovery', usual, params).outcome).toBe('holds');
  });

  test('fails dead connections from before the heal that are still tried', () => {
    const dead = connection(outage(3_000), 7, 500, null)
      .request(4_500)
      .attempt(4_501, { connection: 7, failed: true, faults: [] });
    expect(verdictOf('no-false-recovery', dead, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/1 attempt on dead connections from before the heal/),
    });
    const fresh = connection(outage(3_000), 7, 4_000, null)
      .request(4_500)
      .attempt(4_501, { connection: 7, failed: true, faults: [] });
    expect(verdictOf('no-false-recovery', fresh, params).outcome).toBe('holds');
  });

  test('the time to notice comes from the declared breaker', () => {
    // 1000 ms + 25 % + 400 ms + 250 ms.
    const asked = outage(3_400).traffic(4_905, 5_000, 'good', { everyMs: 10 });
    expect(verdictOf('no-false-recovery', asked, { link: 'llm' })).toMatchObject({
      outcome: 'holds',
      numbers: { after: { value: 1_900 } },
    });
    expect(
      verdictOf('no-false-recovery', outage(3_400).header({ declared: {} }), { link: 'llm' }).says,
    ).toMatch(/give afterMs/);
  });

  test('is inconclusive without a fault, and when nobody asked late enough', () => {
    expect(verdictOf('no-false-recovery', new Story().traffic(0, 5_000, 'good'), params).outcome).toBe(
      'inconclusive',
    );
    const early = new Story().fault(1_000, 3_000).traffic(0, 3_200, 'good');
    expect(verdictOf('no-false-recovery', early, params).outcome).toBe('inconclusive');
  });
});

describe('nothing-left-behind', () => {
  const params = { link: 'llm' };
  const outage = (atEnd: number): Story => {
    const story = connection(new Story().fault(1_000, 3_000), 1, 100, null);
    for (let i = 0; i < atEnd - 1; i++) connection(story, 2 + i, 1_500, null);
    return connection(story, 99, 1_500, 2_500);
  };

  test('holds when no more connections are open than before, give or take a few', () => {
    expect(verdictOf('nothing-left-behind', outage(3), params)).toMatchObject({
      outcome: 'holds',
      numbers: { before: { value: 1 }, atEnd: { value: 3 } },
    });
  });

  test('fails connections that nobody closes', () => {
    expect(verdictOf('nothing-left-behind', outage(20), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: connections left behind: 20 open at the end, at most 1 before the fault and 0 ever in use at once (allowed 7)',
    });
  });

  test('holds when a pool keeps what it needed in a rush', () => {
    const rush = outage(20);
    for (let i = 0; i < 15; i++) rush.request(1_500).attempt(1_500 + i, { tookMs: 100 });
    expect(verdictOf('nothing-left-behind', rush, params)).toMatchObject({
      outcome: 'holds',
      numbers: { inUse: { value: 15 } },
    });
  });

  test('fails a queue that still holds something', () => {
    const readings = { queue: 0 };
    const drained = reading(reading(outage(1), 2_000, 'queue', 9), 5_100, 'queue', 0);
    expect(verdictOf('nothing-left-behind', drained, { ...params, readings }).outcome).toBe('holds');
    const stuck = reading(outage(1), 5_100, 'queue', 9);
    expect(verdictOf('nothing-left-behind', stuck, { ...params, readings })).toMatchObject({
      outcome: 'fails',
      says: 'left behind at the end: queue is 9 writes (at most 0)',
    });
  });

  test('is inconclusive when there is nothing to look at', () => {
    expect(verdictOf('nothing-left-behind', new Story(), params).outcome).toBe('inconclusive');
    expect(verdictOf('nothing-left-behind', new Story().fault(1_000, 3_000), params).outcome).toBe(
      'inconclusive',
    );
    const unread = verdictOf('nothing-left-behind', outage(1), { ...params, readings: { queue: 0 } });
    expect(unread.says).toMatch(/no reading "queue" was taken/);
  });
});

describe('reading-bounded', () => {
  const course = (values: readonly number[], name = 'queue'): Story => {
    const story = new Story().fault(1_000, 3_000);
    values.forEach((value, i) => {
      reading(story, (i * 5_000) / values.length, name, value);
    });
    return story;
  };

  test('holds within its bound', () => {
    const story = course([0, 0, 5, 40, 20, 0, 0, 0]);
    expect(verdictOf('reading-bounded', story, { reading: 'queue', atMost: 50 })).toMatchObject({
      outcome: 'holds',
      numbers: { peak: { value: 40, unit: 'writes' }, after: { value: 0 } },
    });
  });

  test('fails what rises above it, and what grows for good', () => {
    const story = course([100, 100, 300, 400, 400, 400, 400, 400], 'memory');
    expect(verdictOf('reading-bounded', story, { reading: 'memory', atMost: 350 })).toMatchObject({
      outcome: 'fails',
      says: 'memory unbounded: it rose to 400 bytes; at most 350',
    });
    expect(verdictOf('reading-bounded', story, { reading: 'memory', growth: 2 })).toMatchObject({
      outcome: 'fails',
      says: 'memory grows for good: 400 bytes at the end, 100 before the fault; at most 2 times',
    });
    expect(verdictOf('reading-bounded', story, { reading: 'memory', growth: 5 }).outcome).toBe('holds');
  });

  test('is inconclusive without readings, without a bound, and when the bound was not put to the test', () => {
    expect(verdictOf('reading-bounded', new Story(), { reading: 'queue', atMost: 1 }).says).toMatch(
      /no reading "queue" was taken/,
    );
    expect(verdictOf('reading-bounded', course([1, 1, 1]), { reading: 'queue' }).says).toMatch(/give atMost/);
    expect(verdictOf('reading-bounded', course([1]), { reading: 'queue', atMost: 5 }).outcome).toBe(
      'inconclusive',
    );
    const idle = { reading: 'queue', atMost: 5, peakAtLeast: 3 };
    expect(verdictOf('reading-bounded', course([1, 1, 1, 1]), idle).outcome).toBe('inconclusive');
  });
});
