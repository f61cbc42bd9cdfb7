import { describe, expect, test } from '@jest/globals';
import { POLICY, Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

/** Two links: `ask` needs both, `look` only the database. */
function twoLinks(): Story {
  return new Story().header({
    declared: { llm: POLICY, database: POLICY },
    protocols: { llm: 'http', database: 'http' },
    requests: {
      ask: { needs: ['database', 'llm'], write: false },
      look: { needs: ['database'], write: false },
    },
  });
}

const ON_DATABASE = { link: 'database', faults: [] };

/** Looks at the database, each with an attempt there that fares as told; null: none is made. */
function looks(
  story: Story,
  fromMs: number,
  toMs: number,
  fate: 'good' | 'failed' | null = 'good',
  about: object = {},
): Story {
  for (let atMs = fromMs; atMs < toMs; atMs += 50) {
    story.request(atMs, { name: 'look', served: { database: 'live' }, ...about });
    if (fate !== null) story.attempt(atMs + 1, { ...ON_DATABASE, failed: fate === 'failed', faults: [] });
  }
  return story;
}

describe('breaker-scope', () => {
  const params = { link: 'llm' };
  const outage = (): Story => {
    const story = twoLinks().fault(1_000, 3_000);
    for (let atMs = 1_000; atMs < 3_000; atMs += 100) {
      story.request(atMs, { by: 'cached', served: { llm: 'cached', database: 'live' } });
      story.attempt(atMs + 1, ON_DATABASE);
      if (atMs < 1_500) story.attempt(atMs + 3, { failed: true });
    }
    return story;
  };

  test('holds when the others go on as before', () => {
    expect(verdictOf('breaker-scope', looks(outage(), 0, 5_000), params)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(/^llm: its outage left database alone: 100 requests reached them/),
    });
  });

  test('fails when the target says that another breaker opened', () => {
    const told = looks(outage(), 0, 5_000).event(1_400, {
      kind: 'breaker',
      link: 'database',
      from: 'closed',
      to: 'open',
    });
    expect(verdictOf('breaker-scope', told, params)).toMatchObject({
      outcome: 'fails',
      says: 'breaker scope: only llm had a fault, but the target says that the breaker of database opened',
    });
  });

  test('fails when requests do not reach another link any more, whatever the target says', () => {
    const silent = looks(looks(outage(), 0, 1_300), 1_300, 1_600, null);
    expect(verdictOf('breaker-scope', silent, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/only llm had a fault, but \d+ requests in a row did not reach database/),
    });
    // Even those that need both, where they are answered from the other link's fallback.
    const degraded = twoLinks().fault(1_000, 3_000);
    for (let atMs = 1_000; atMs < 3_000; atMs += 100)
      degraded.request(atMs, { by: 'cached', served: { llm: 'cached', database: 'memory' } });
    expect(verdictOf('breaker-scope', degraded, params).outcome).toBe('fails');
  });

  test('a breaker that a moment of failures of its own has tripped is no matter of scope', () => {
    const hiccup = looks(looks(looks(outage(), 0, 1_300), 1_300, 1_550, 'failed'), 1_550, 2_500, null);
    const told = looks(looks(hiccup, 2_560, 5_000), 2_570, 5_000).event(1_530, {
      kind: 'breaker',
      link: 'database',
      from: 'closed',
      to: 'open',
    });
    expect(verdictOf('breaker-scope', told, params).outcome).toBe('holds');
  });

  test('a request that ended at the faulted link need not have come to the other', () => {
    const early = twoLinks().fault(1_000, 3_000);
    for (let atMs = 1_000; atMs < 3_000; atMs += 100)
      early.request(atMs, { status: 503, outcome: 'error', servedBy: null, served: {} });
    expect(verdictOf('breaker-scope', looks(early, 0, 5_000), params).outcome).toBe('holds');
  });

  test('fails a pool that both share', () => {
    const starved = looks(outage(), 1_000, 2_000, 'good', { outcome: 'timeout', status: null });
    expect(verdictOf('breaker-scope', starved, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(
        /shared pool: only llm had a fault, but 20 of \d+ requests that need database/,
      ),
    });
    expect(verdictOf('breaker-scope', looks(outage(), 1_000, 2_000, 'failed'), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/shared pool: .* 20 attempts on database failed/),
    });
  });

  test('is inconclusive without a fault, without demand, and where no other link was well', () => {
    expect(verdictOf('breaker-scope', looks(twoLinks(), 0, 5_000), params).outcome).toBe('inconclusive');
    expect(verdictOf('breaker-scope', looks(twoLinks().fault(1_000, 3_000), 0, 5_000), params).says).toMatch(
      /too few to spread it/,
    );
    const both = outage().fault(1_000, 3_000, { id: 'f1', link: 'database' });
    expect(verdictOf('breaker-scope', both, params).says).toMatch(/no other link/);
  });
});

describe('no-head-of-line-blocking', () => {
  const params = { link: 'llm' };
  const outage = (about: object = {}): Story =>
    looks(looks(looks(twoLinks().fault(1_000, 3_000), 0, 950), 1_000, 3_000, 'good', about), 3_000, 5_000);

  test('holds when requests that do not need the link take what they took', () => {
    expect(verdictOf('no-head-of-line-blocking', outage(), params)).toMatchObject({
      outcome: 'holds',
      numbers: { during: { value: 5 }, before: { value: 5 }, requests: { value: 40 } },
    });
  });

  test('fails when they wait, and when they get no answer', () => {
    expect(verdictOf('no-head-of-line-blocking', outage({ tookMs: 400 }), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: head-of-line blocking: requests that do not need it took 400 ms during its outage (p95), 5 ms before; at most 150',
    });
    expect(
      verdictOf('no-head-of-line-blocking', outage({ status: 503, outcome: 'error' }), params).says,
    ).toMatch(/40 of 40 requests that do not need it got no answer/);
  });

  test('what is short all the same is not blocked, unless so little was asked for', () => {
    expect(verdictOf('no-head-of-line-blocking', outage({ tookMs: 60 }), params).outcome).toBe('holds');
    expect(
      verdictOf('no-head-of-line-blocking', outage({ tookMs: 60 }), { ...params, floorMs: 10 }).outcome,
    ).toBe('fails');
  });

  test('is inconclusive when every request needs the link, or nothing was injected', () => {
    const all = twoLinks().fault(1_000, 3_000).traffic(0, 5_000, 'good');
    expect(verdictOf('no-head-of-line-blocking', all, params).outcome).toBe('inconclusive');
    expect(verdictOf('no-head-of-line-blocking', looks(twoLinks(), 0, 5_000), params).says).toMatch(
      /no fault was injected/,
    );
  });
});
