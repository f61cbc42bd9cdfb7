import { describe, expect, test } from '@jest/globals';
import type { SteadyWindow } from '../../../harness/check/checker.ts';
import { judge } from '../../../harness/check/judge.ts';
import { ALWAYS, CHECKERS } from '../../../harness/check/registry.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { Story } from '../../support/story.ts';

function verdictOf(
  check: string,
  story: Story,
  params: object = {},
  window: SteadyWindow = 'after',
): Verdict {
  const checker = CHECKERS.get(check) ?? ALWAYS.find(({ name }) => name === check);
  if (checker === undefined) throw new Error(`no checker ${check}`);
  return checker.judge(story.tell(), checker.params.parse(params), window);
}

describe('fallback-served', () => {
  const params = { link: 'llm', by: ['cached', 'default'] };
  const outage = (): Story =>
    new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good').traffic(3_000, 5_000, 'good');

  test('holds when answers come from the fallback and say so', () => {
    const story = outage()
      .traffic(1_000, 1_250, 'failed', { by: 'cached' })
      .traffic(1_250, 3_000, null, { by: 'cached' });
    expect(verdictOf('fallback-served', story, params)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(/40 of 40 requests answered.*40 cached/),
    });
  });

  test('fails answers that claim to be live with no good attempt behind them', () => {
    const story = outage().traffic(1_000, 3_000, null, { by: 'live' });
    expect(verdictOf('fallback-served', story, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/not marked as degraded/),
    });
  });

  test('fails answers that say nothing about where they came from', () => {
    const story = outage().traffic(1_000, 3_000, null, { servedBy: null, served: {} });
    expect(verdictOf('fallback-served', story, params).outcome).toBe('fails');
  });

  test('fails errors in place of a fallback', () => {
    const story = outage().traffic(1_000, 3_000, null, {
      status: 503,
      outcome: 'error',
      servedBy: null,
      served: {},
    });
    expect(verdictOf('fallback-served', story, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/40 requests of 40 got no answer/),
    });
  });

  test('fails a cached answer without an age, and one older than declared', () => {
    expect(
      verdictOf(
        'fallback-served',
        outage().traffic(1_000, 3_000, null, { by: 'cached', ageMs: null }),
        params,
      ).says,
    ).toMatch(/without an age/);
    expect(
      verdictOf(
        'fallback-served',
        outage().traffic(1_000, 3_000, null, { by: 'cached', ageMs: 60_001 }),
        params,
      ).says,
    ).toMatch(/older than the declared 60000 ms/);
  });

  test('is inconclusive when nobody asked, or nothing came from the fallback', () => {
    expect(verdictOf('fallback-served', outage(), params).outcome).toBe('inconclusive');
    expect(verdictOf('fallback-served', outage().traffic(1_000, 3_000, 'good'), params).outcome).toBe(
      'inconclusive',
    );
  });
});

describe('writes-kept', () => {
  const params = { link: 'llm' };
  const written = (rows: Record<string, number>): Story => {
    const story = new Story().fault(1_000, 3_000);
    for (let i = 0; i < 4; i++) story.request(1_100 + i * 100, { name: 'store', key: `w${i}` });
    story.request(1_600, { name: 'store', key: 'ambiguous', outcome: 'timeout', status: null });
    return story.event(5_000, { kind: 'audit', name: 'writes', result: { rows }, error: null });
  };
  const all = { w0: 1, w1: 1, w2: 1, w3: 1 };

  test('holds when each acknowledged write is there once, the ambiguous one either way', () => {
    expect(verdictOf('writes-kept', written(all), params)).toMatchObject({
      outcome: 'holds',
      numbers: { acknowledged: { value: 4 }, ambiguous: { value: 1 } },
    });
    expect(verdictOf('writes-kept', written({ ...all, ambiguous: 1 }), params).outcome).toBe('holds');
  });

  test('fails a lost one and a doubled one, the ambiguous included', () => {
    expect(verdictOf('writes-kept', written({ w0: 1, w1: 1, w2: 1 }), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/1 lost and 0 doubled/),
    });
    expect(verdictOf('writes-kept', written({ ...all, w2: 2 }), params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/0 lost and 1 doubled/),
    });
    expect(verdictOf('writes-kept', written({ ...all, ambiguous: 2 }), params).outcome).toBe('fails');
  });

  test('is inconclusive without an audit, with a failed one, and without writes during the fault', () => {
    expect(
      verdictOf('writes-kept', new Story().fault(1_000, 3_000).request(1_100, { name: 'store' }), params)
        .outcome,
    ).toBe('inconclusive');
    const broken = new Story().event(5_000, {
      kind: 'audit',
      name: 'writes',
      result: null,
      error: 'connection refused',
    });
    expect(verdictOf('writes-kept', broken, params).says).toMatch(/connection refused/);
    const before = new Story()
      .fault(1_000, 3_000)
      .request(100, { name: 'store', key: 'w' })
      .event(5_000, { kind: 'audit', name: 'writes', result: { rows: { w: 1 } }, error: null });
    expect(verdictOf('writes-kept', before, params).outcome).toBe('inconclusive');
  });
});

describe('audit', () => {
  const params = { name: 'vectors', equals: { mismatched: 0 }, atLeast: { compared: 10 } };
  const audited = (result: object | null): Story =>
    new Story().event(5_000, {
      kind: 'audit',
      name: 'vectors',
      result,
      error: result === null ? 'no' : null,
    });

  test.each([
    [{ mismatched: 0, compared: 12 }, 'holds'],
    [{ mismatched: 1, compared: 12 }, 'fails'],
    [{ compared: 12 }, 'fails'],
    [{ mismatched: 0, compared: 3 }, 'inconclusive'],
    [null, 'inconclusive'],
  ])('%j is %s', (result, outcome) => {
    expect(verdictOf('audit', audited(result), params).outcome).toBe(outcome);
  });

  test('that was never taken is inconclusive', () => {
    expect(verdictOf('audit', new Story(), params).outcome).toBe('inconclusive');
  });
});

describe('the steady state', () => {
  const twice = (): Story =>
    new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good').traffic(3_000, 5_000, 'good');

  test.each(['before', 'after'] as const)('holds %s the fault when all is well', (window) => {
    expect(verdictOf('success-ratio', twice(), { atLeast: 0.99 }, window).outcome).toBe('holds');
    expect(verdictOf('served-live', twice(), { atLeast: 0.99 }, window).outcome).toBe('holds');
    expect(verdictOf('latency', twice(), { percentile: 95, belowMs: 50 }, window).outcome).toBe('holds');
  });

  test('looks at its own window only', () => {
    const badEnd = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(4_000, 5_000, null, { status: 500, outcome: 'error' });
    expect(verdictOf('success-ratio', badEnd, { atLeast: 0.99 }, 'before').outcome).toBe('holds');
    expect(verdictOf('success-ratio', badEnd, { atLeast: 0.99 }, 'after').outcome).toBe('fails');
  });

  test('fails cached answers, slow answers, and requests that were never sent', () => {
    const end = (about: Record<string, unknown>): Story =>
      new Story().fault(1_000, 3_000).traffic(4_000, 5_000, null, about);
    expect(verdictOf('served-live', end({ by: 'cached' }), { atLeast: 0.5 }).outcome).toBe('fails');
    expect(verdictOf('latency', end({ tookMs: 80 }), { percentile: 50, belowMs: 50 }).outcome).toBe('fails');
    expect(
      verdictOf('success-ratio', end({ outcome: 'dropped', status: null }), { atLeast: 0.5 }).outcome,
    ).toBe('fails');
  });

  test('is inconclusive on hardly any requests', () => {
    const few = new Story().fault(1_000, 3_000).request(4_500);
    for (const [check, params] of [
      ['success-ratio', { atLeast: 0.9 }],
      ['served-live', { atLeast: 0.9 }],
      ['latency', { percentile: 95, belowMs: 50 }],
    ] as const) {
      expect(verdictOf(check, few, params).outcome).toBe('inconclusive');
    }
  });
});

describe('what must always hold', () => {
  test('a fault that hit nothing is inconclusive, one that hit is told with numbers', () => {
    expect(verdictOf('faults-hit', new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good')).outcome).toBe(
      'inconclusive',
    );
    expect(verdictOf('faults-hit', new Story()).outcome).toBe('inconclusive');
    const hit = new Story().fault(1_000, 3_000).traffic(1_000, 1_500, 'failed');
    expect(verdictOf('faults-hit', hit)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(/f0 on llm hit 1 connection, 10 exchanges/),
    });
  });

  test('a cut that kept requests out has hit, even with no connection open', () => {
    const story = new Story().fault(1_000, 1_500, { type: 'down', id: 'down' }).traffic(1_000, 1_500, null);
    expect(verdictOf('faults-hit', story)).toMatchObject({
      outcome: 'holds',
      says: expect.stringMatching(/10 requests kept out/),
    });
  });

  test('a cut that came while an exchange was still beginning counts what was kept out after it', () => {
    const story = new Story()
      .fault(1_000, 1_500, { type: 'down', id: 'down' })
      .traffic(1_000, 1_100, 'good')
      .traffic(1_100, 1_500, null);
    expect(verdictOf('faults-hit', story).says).toMatch(/8 requests kept out/);
  });

  test('load that left late or was dropped is inconclusive', () => {
    expect(verdictOf('load-on-schedule', new Story().traffic(0, 1_000, 'good')).outcome).toBe('holds');
    expect(verdictOf('load-on-schedule', new Story()).outcome).toBe('inconclusive');
    expect(
      verdictOf('load-on-schedule', new Story().request(0, { startT: 500_000_000, endT: 600_000_000 })).says,
    ).toMatch(/too busy/);
    expect(verdictOf('load-on-schedule', new Story().request(0, { outcome: 'dropped' })).says).toMatch(
      /raise traffic.maxInFlight/,
    );
  });

  test('a fault left behind fails, and nobody having looked is inconclusive', () => {
    expect(verdictOf('nothing-left', new Story().event(5_000, { kind: 'residue', left: [] })).outcome).toBe(
      'holds',
    );
    expect(
      verdictOf('nothing-left', new Story().event(5_000, { kind: 'residue', left: ['f0 on llm'] })).outcome,
    ).toBe('fails');
    expect(verdictOf('nothing-left', new Story()).outcome).toBe('inconclusive');
  });

  test('a process that went down by itself fails', () => {
    const started = {
      kind: 'process',
      name: 'mimo',
      what: 'started',
      pid: 1,
      code: null,
      signal: null,
      expected: true,
    };
    expect(verdictOf('nothing-crashed', new Story().event(0, started)).outcome).toBe('holds');
    const crash = { ...started, what: 'exited', code: 1, expected: false };
    expect(verdictOf('nothing-crashed', new Story().event(0, started).event(900, crash))).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/mimo \(code 1\)/),
    });
    expect(verdictOf('nothing-crashed', new Story()).outcome).toBe('inconclusive');
  });
});

describe('judging a whole history', () => {
  test('asks every expectation, the steady state twice, and what must always hold', () => {
    const judgements = judge(new Story().fault(1_000, 3_000).tell());
    expect(judgements.map(({ part, check }) => `${part}: ${check}`)).toEqual([
      'steady state before: success-ratio',
      'expect: breaker-trips',
      'steady state after: success-ratio',
      'always: faults-hit',
      'always: load-on-schedule',
      'always: nothing-left',
      'always: nothing-crashed',
    ]);
    expect(judgements.every(({ verdict }) => verdict.outcome === 'inconclusive')).toBe(true);
  });
});
