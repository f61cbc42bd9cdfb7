import { describe, expect, test } from '@jest/globals';
import { POLICY, Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

describe('metrics-agree', () => {
  const params = { link: 'llm' };
  /** Five failures trip the breaker at 1204; open until a probe at 2251 succeeds. */
  const outage = (): Story =>
    new Story()
      .fault(1_000, 2_200)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed', { by: 'cached' })
      .traffic(1_250, 2_250, null, { by: 'cached' })
      .traffic(2_250, 5_000, 'good');
  const told = (story: Story, atMs: number, to: string): Story =>
    story.event(atMs, { kind: 'breaker', link: 'llm', from: null, to });
  const honest = (): Story => told(told(told(outage(), 0, 'closed'), 1_230, 'open'), 2_300, 'closed');
  const counted = (story: Story, failures: number): Story => {
    for (const [atMs, value] of [
      [0, 100],
      [5_100, 100 + failures],
    ] as const)
      story.event(atMs, { kind: 'reading', name: 'llm-failures', value, unit: 'calls' });
    return story;
  };

  test('holds when states and counters agree with the wire', () => {
    expect(verdictOf('metrics-agree', honest(), params)).toMatchObject({
      outcome: 'holds',
      says: 'llm: the breaker was told open 1 time',
    });
    expect(
      verdictOf('metrics-agree', counted(honest(), 5), { ...params, failures: 'llm-failures' }),
    ).toMatchObject({
      outcome: 'holds',
      numbers: { 'llm-failures': { value: 5 }, failedOnTheWire: { value: 5 } },
    });
  });

  test('fails a breaker that is told closed while it is open, and open while it is not', () => {
    expect(verdictOf('metrics-agree', told(outage(), 0, 'closed'), params)).toMatchObject({
      outcome: 'fails',
      says: 'llm: metrics disagree with the wire: the breaker is told closed while it is open (1 time of 1)',
    });
    const stuck = told(told(outage(), 0, 'closed'), 1_230, 'open');
    expect(verdictOf('metrics-agree', stuck, params)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/the breaker is told open while \d+ attempts began/),
    });
  });

  test.each([0, 50])('fails a counter that rose by %i', (failures) => {
    expect(
      verdictOf('metrics-agree', counted(honest(), failures), { ...params, failures: 'llm-failures' }),
    ).toMatchObject({
      outcome: 'fails',
      says: `llm: metrics disagree with the wire: llm-failures rose by ${failures}, 5 failed attempts ended on the link meanwhile`,
    });
  });

  test('what a link cannot see may be counted by the target', () => {
    const cut = counted(honest(), 50).fault(1_000, 1_500, { id: 'cut', type: 'down' });
    expect(verdictOf('metrics-agree', cut, { ...params, failures: 'llm-failures' }).outcome).toBe('holds');
  });

  test('is inconclusive when the target tells nothing, or nothing failed', () => {
    expect(verdictOf('metrics-agree', outage(), params).outcome).toBe('inconclusive');
    expect(verdictOf('metrics-agree', honest(), { ...params, failures: 'lost' }).says).toMatch(
      /no reading "lost" was taken/,
    );
    const well = told(new Story().traffic(0, 5_000, 'good'), 0, 'closed');
    expect(verdictOf('metrics-agree', well, params).outcome).toBe('inconclusive');
  });
});

describe('alerts-fire', () => {
  const params = { fires: ['BreakerOpen'] };
  const alert = (story: Story, atMs: number, name: string, state: string): Story =>
    story.event(atMs, { kind: 'alert', name, state });
  const watched = (): Story => alert(new Story().fault(1_000, 3_000), 0, '', 'inactive');
  const fired = (): Story => alert(watched(), 1_800, 'BreakerOpen', 'firing');
  const resolved = (): Story => alert(fired(), 4_000, 'BreakerOpen', 'inactive');

  test('holds when the expected fire, nothing else does, and all resolve', () => {
    expect(verdictOf('alerts-fire', resolved(), params)).toMatchObject({
      outcome: 'holds',
      says: '1 alert fired, the last 800 ms after the fault, and resolved; no other did',
    });
    const machine = alert(resolved(), 2_000, 'MachineBusy', 'firing');
    expect(verdictOf('alerts-fire', machine, { ...params, mayFire: ['MachineBusy'] }).outcome).toBe('holds');
    expect(verdictOf('alerts-fire', fired(), { ...params, resolves: false }).outcome).toBe('holds');
  });

  test.each([
    ['did not fire', watched, {}, /alert missing: BreakerOpen did not fire/],
    ['was pending only', () => alert(watched(), 1_500, 'BreakerOpen', 'pending'), {}, /alert missing/],
    ['fired late', resolved, { withinMs: 500 }, /alert late: BreakerOpen fired later than 500 ms/],
    ['does not resolve', fired, {}, /alert stuck: BreakerOpen still fires at the end/],
    ['is another', () => alert(resolved(), 2_000, 'Down', 'firing'), {}, /false alarm: Down fired too/],
    [
      'fired before',
      () => alert(resolved(), 500, 'Down', 'firing'),
      {},
      /false alarm: Down fired before any fault/,
    ],
  ])('fails an alert that %s', (_what, story, change, says) => {
    expect(verdictOf('alerts-fire', story(), { ...params, ...change })).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(says),
    });
  });

  test('is inconclusive when nobody watched, or there was no fault', () => {
    expect(verdictOf('alerts-fire', new Story().fault(1_000, 3_000), params).says).toMatch(/nobody watched/);
    expect(verdictOf('alerts-fire', alert(new Story(), 0, '', 'inactive'), params).outcome).toBe(
      'inconclusive',
    );
  });
});

describe('nested-budgets', () => {
  const RETRY = {
    attempts: 3,
    backoff: { kind: 'exponential', baseMs: 20, factor: 2, capMs: 30, jitter: 'full' },
  } as const;
  const story = (policy: object = {}): Story => new Story({ policy: { ...POLICY, ...policy } });

  test('holds when the callee needs less than its caller waits', () => {
    expect(verdictOf('nested-budgets', story(), {})).toMatchObject({
      outcome: 'holds',
      says: 'llm takes longest, 400 ms; a caller waits 1000 ms, and no attempt outlived its caller',
    });
    const ended = story({ retry: { ...RETRY, deadlineMs: 900 } });
    expect(verdictOf('nested-budgets', ended, {})).toMatchObject({
      outcome: 'holds',
      numbers: { worst: { value: 900 } },
    });
  });

  test('fails tries that outlast the caller, with the numbers', () => {
    expect(verdictOf('nested-budgets', story({ retry: RETRY }), {})).toMatchObject({
      outcome: 'fails',
      says: 'llm: nested budgets: a caller waits 1000 ms, the callee may take 3 × 400 ms and 50 ms of waits = 1250 ms',
    });
    expect(verdictOf('nested-budgets', story(), { deadlineMs: 300 }).outcome).toBe('fails');
    expect(verdictOf('nested-budgets', story({ timeoutMs: null }), {}).says).toMatch(/it has no timeout/);
  });

  test('counts attempts that went on for nobody', () => {
    const wasted = story()
      .request(1_000, { tookMs: 500, outcome: 'timeout', status: null })
      .attempt(1_001, { tookMs: 800, failed: true });
    expect(verdictOf('nested-budgets', wasted, {})).toMatchObject({
      outcome: 'fails',
      says: 'nested budgets: wasted work; on the wire 1 attempt went on for 301 ms in all after the caller had gone',
    });
    // Ended with its caller, or almost.
    const tidy = story()
      .request(1_000, { tookMs: 500, outcome: 'timeout', status: null })
      .attempt(1_001, { tookMs: 510, failed: true });
    expect(verdictOf('nested-budgets', tidy, {}).outcome).toBe('holds');
  });

  test('is inconclusive where nothing is declared and nothing was wasted', () => {
    expect(verdictOf('nested-budgets', story().header({ declared: {} }), {}).outcome).toBe('inconclusive');
    expect(verdictOf('nested-budgets', story(), { link: 'database' }).outcome).toBe('inconclusive');
  });
});
