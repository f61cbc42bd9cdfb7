import { describe, expect, test } from '@jest/globals';
import { Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

describe('cached-within-ttl', () => {
  const params = { link: 'llm' };
  /** Answered live until 105, cached from 2000 on, with the age it tells. */
  const outage = (ageMs: number | null, about: object = {}): Story => {
    const story = new Story().fault(1_000, 3_000).request(100, { question: 'tides' }).attempt(101);
    for (let i = 0; i < 4; i++)
      story.request(2_005 + i * 10, { by: 'cached', question: 'tides', ageMs, ...about });
    return story;
  };

  test('holds when ages are told, true, and within the declared time to live', () => {
    expect(verdictOf('cached-within-ttl', outage(1_950), params)).toMatchObject({
      outcome: 'holds',
      numbers: { cached: { value: 4 }, compared: { value: 4 }, limit: { value: 60_000 } },
    });
    // An older part may make the whole answer older.
    expect(verdictOf('cached-within-ttl', outage(30_000), params).outcome).toBe('holds');
  });

  test('fails what is older than allowed, by its own word or by the history', () => {
    expect(verdictOf('cached-within-ttl', outage(60_001), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: stale beyond its time to live: 4 cached answers up to 60001 ms old; at most 60000',
    });
    expect(verdictOf('cached-within-ttl', outage(10), { ...params, maxAgeMs: 1_000 })).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/stale beyond its time to live: 4 cached answers up to 1930 ms old/),
    });
  });

  test('fails an age that is left out, and one that is untrue', () => {
    expect(verdictOf('cached-within-ttl', outage(null), params).says).toMatch(
      /4 cached answers without an age/,
    );
    expect(verdictOf('cached-within-ttl', outage(10), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: age untrue: 4 cached answers older than told; one says 10 ms and was last answered live 1900 ms before',
    });
  });

  test('an age that nobody can know is taken as told', () => {
    expect(verdictOf('cached-within-ttl', outage(10, { question: 'falcons' }), params)).toMatchObject({
      outcome: 'holds',
      numbers: { compared: { value: 0 } },
    });
    const unseen = outage(10).request(1_500, { question: 'tides', outcome: 'timeout', status: null });
    expect(verdictOf('cached-within-ttl', unseen, params).outcome).toBe('holds');
  });

  test('is inconclusive when nothing was cached, or nothing is declared', () => {
    expect(verdictOf('cached-within-ttl', new Story().traffic(0, 5_000, 'good'), params).outcome).toBe(
      'inconclusive',
    );
    expect(verdictOf('cached-within-ttl', outage(1).header({ declared: {} }), params).says).toMatch(
      /give maxAgeMs/,
    );
  });
});

describe('read-your-writes', () => {
  const params = { link: 'llm' };
  const outage = (about: object = {}): Story => {
    const story = new Story().fault(1_000, 3_000);
    for (let i = 0; i < 5; i++) {
      story.request(1_100 + i * 100, { name: 'store', key: `w${i}`, by: 'memory' });
      story.request(1_150 + i * 100, { name: 'ask', by: 'memory', wants: `w${i}`, found: true, ...about });
    }
    return story;
  };

  test('holds when every acknowledged write is found', () => {
    expect(verdictOf('read-your-writes', outage(), params)).toMatchObject({
      outcome: 'holds',
      numbers: { reads: { value: 5 }, fallback: { value: 5 }, missed: { value: 0 } },
    });
  });

  test('fails a write that was acknowledged and is not found', () => {
    expect(verdictOf('read-your-writes', outage({ found: false }), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: read-your-writes broken: 5 of 5 reads during the outage (served as memory) did not show a write acknowledged before',
    });
  });

  test('what is degraded on another link may miss it for that reason', () => {
    const served = { llm: 'memory', embedder: 'hash' };
    expect(verdictOf('read-your-writes', outage({ found: false, served }), params)).toMatchObject({
      outcome: 'inconclusive',
      numbers: { reads: { value: 0 } },
    });
  });

  test('a write that was not acknowledged, or not yet, need not be found', () => {
    const unwritten = outage().request(2_000, { wants: 'never', found: false, by: 'memory' });
    expect(verdictOf('read-your-writes', unwritten, params).outcome).toBe('holds');
    const early = outage()
      .request(2_000, { name: 'store', key: 'slow', tookMs: 100 })
      .request(2_050, { wants: 'slow', found: false, by: 'memory' });
    expect(verdictOf('read-your-writes', early, params).outcome).toBe('holds');
  });

  test('is inconclusive when nobody looked, or only live answers were given', () => {
    expect(verdictOf('read-your-writes', new Story().fault(1_000, 3_000), params).outcome).toBe(
      'inconclusive',
    );
    expect(verdictOf('read-your-writes', outage({ by: 'live' }), params).outcome).toBe('inconclusive');
    expect(verdictOf('read-your-writes', new Story(), params).outcome).toBe('inconclusive');
  });
});
