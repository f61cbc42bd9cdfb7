import { describe, expect, test } from '@jest/globals';
import type { Checker } from '../../../harness/check/checker.ts';
import { CHECKERS } from '../../../harness/check/registry.ts';
import type { History } from '../../../harness/model/history.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { POLICY, Story } from '../../support/story.ts';

function verdictOf(check: string, story: Story | History, params: object = {}): Verdict {
  const checker: Checker | undefined = CHECKERS.get(check);
  if (checker === undefined) throw new Error(`no checker ${check}`);
  const history = story instanceof Story ? story.tell() : story;
  return checker.judge(history, checker.params.parse({ link: 'llm', ...params }), 'after');
}

/** Steady, five failures, silence, probes after the open duration, a failed probe, recovery. */
function healthyOutage(): Story {
  return new Story()
    .fault(1_000, 3_000)
    .traffic(0, 1_000, 'good')
    .traffic(1_000, 1_250, 'failed', { by: 'cached' }) // 5 failures: the last ends at 1204
    .traffic(1_250, 2_250, null, { by: 'cached' })
    .request(2_250, { by: 'cached' })
    .attempt(2_251, { failed: true }) // the probe; open again until 3254
    .traffic(2_300, 3_300, null, { by: 'cached' })
    .traffic(3_300, 5_000, 'good');
}

describe('breaker-trips', () => {
  test('holds when attempts stop at the declared number', () => {
    const verdict = verdictOf('breaker-trips', healthyOutage());
    expect(verdict).toMatchObject({
      outcome: 'holds',
      numbers: { failures: { value: 5 }, declared: { value: 5 } },
    });
    expect(verdict.says).toMatch(/tripped after 5 failures \(declared 5\); then \d+ requests, no attempt/);
    expect(verdict.cites).toHaveLength(5);
  });

  test('a fault on a link behind counts as one on the way', () => {
    const behind = healthyOutage().header({ leadsTo: { llm: 'far' } });
    const { events, header } = behind.tell();
    const moved = events.map((event) => (event.kind === 'fault' ? { ...event, link: 'far' } : event));
    for (const check of ['breaker-trips', 'breaker-recovers', 'held-open-after-heal'])
      expect([check, verdictOf(check, { header, events: moved }).outcome]).toEqual([
        check,
        verdictOf(check, healthyOutage()).outcome,
      ]);
    const elsewhere = { header: { ...header, leadsTo: {} }, events: moved };
    expect(verdictOf('breaker-recovers', elsewhere).says).toBe('llm: no fault was injected');
  });

  test('fails a breaker that never opens', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 3_000, 'failed')
      .traffic(3_000, 5_000, 'good');
    expect(verdictOf('breaker-trips', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/still attempting after 5 failures/),
    });
  });

  describe('attempts of requests that were under way at the trip', () => {
    // A burst at 1150: the breaker lets all through, trips at 1204, and the machine dials late.
    const burst = (attempts: (story: Story) => Story): Story =>
      attempts(
        new Story()
          .fault(1_000, 3_000)
          .traffic(0, 1_000, 'good')
          .traffic(1_000, 1_250, 'failed', { by: 'cached' })
          .request(1_150, { by: 'cached', tookMs: 400 }),
      )
        .traffic(1_250, 2_250, null, { by: 'cached' })
        .traffic(3_300, 5_000, 'good');

    test('are no leaks when they are the first ones', () => {
      const story = burst((late) => late.attempt(1_400, { failed: true }));
      expect(verdictOf('breaker-trips', story)).toMatchObject({ outcome: 'holds' });
      expect(verdictOf('silent-while-open', story)).toMatchObject({ numbers: { leaks: { value: 0 } } });
    });

    test('are no leaks when all before them was well, and over before the trip; else they had to ask anew', () => {
      const lasting = (tookMs: number) =>
        verdictOf(
          'silent-while-open',
          burst((late) => late.attempt(1_160, { tookMs }).attempt(1_400)),
        ).outcome;
      expect(lasting(30)).toBe('holds');
      expect(lasting(100)).toBe('fails');
    });

    test('are leaks when they are retries', () => {
      const story = burst((late) => late.attempt(1_160, { failed: true }).attempt(1_400, { failed: true }));
      expect(verdictOf('breaker-trips', story)).toMatchObject({
        outcome: 'fails',
        says: expect.stringMatching(/still attempting .* 1 attempt while/),
      });
    });

    test('are leaks when they come after half the open duration', () => {
      const story = burst((late) => late.attempt(1_800, { failed: true }));
      expect(verdictOf('silent-while-open', story)).toMatchObject({ outcome: 'fails' });
    });
  });

  test('fails a breaker that opens too early', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_100, 'failed', { by: 'cached' })
      .traffic(1_100, 2_200, null, { by: 'cached' });
    expect(verdictOf('breaker-trips', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/stopped after 2 failures; declared 5/),
    });
  });

  test('is inconclusive when too few failures reached the link', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_150, 'failed')
      .traffic(1_150, 5_000, 'good');
    expect(verdictOf('breaker-trips', story)).toMatchObject({
      outcome: 'inconclusive',
      says: expect.stringMatching(/3 failures reached the link/),
    });
  });

  test('is inconclusive when nobody asked after the trip', () => {
    const story = new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good').traffic(1_000, 1_250, 'failed');
    expect(verdictOf('breaker-trips', story)).toMatchObject({
      outcome: 'inconclusive',
      says: expect.stringMatching(/silence proves nothing/),
    });
  });

  test('is inconclusive without traffic, and without a declared breaker', () => {
    expect(verdictOf('breaker-trips', new Story().fault(1_000, 3_000)).outcome).toBe('inconclusive');
    const undeclared = new Story({ policy: { ...POLICY, breaker: null } }).tell();
    expect(verdictOf('breaker-trips', undeclared)).toMatchObject({
      outcome: 'inconclusive',
      says: expect.stringMatching(/declares no breaker/),
    });
  });

  test('counts a hang when the target gives up, not when the request began', () => {
    const story = new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good');
    // Eight requests hang 400 ms each before the fifth has failed: that is concurrency, not a leak.
    for (let i = 0; i < 12; i++) {
      const atMs = 1_000 + i * 50;
      story
        .request(atMs, { tookMs: 405, by: 'cached' })
        .attempt(atMs + 1, { tookMs: 400, failed: true, status: null, outcome: 'broken', endedBy: 'target' });
    }
    story.traffic(1_620, 2_500, null, { by: 'cached' });
    expect(verdictOf('breaker-trips', story).outcome).toBe('holds');
  });
});

describe('silent-while-open', () => {
  test('holds over a trip and a failed probe', () => {
    expect(verdictOf('silent-while-open', healthyOutage())).toMatchObject({
      outcome: 'holds',
      numbers: { leaks: { value: 0 } },
    });
  });

  test('fails when attempts go on', () => {
    const story = healthyOutage().request(1_700).attempt(1_701, { failed: true });
    expect(verdictOf('silent-while-open', story)).toMatchObject({
      outcome: 'fails',
      numbers: { leaks: { value: 1 } },
    });
  });

  test('fails a half-open stampede', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed')
      .traffic(1_250, 2_250, null);
    for (let i = 0; i < 6; i++) story.request(2_260 + i).attempt(2_260 + i, { tookMs: 100, failed: true });
    story.traffic(2_400, 3_000, null);
    expect(verdictOf('silent-while-open', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/6 probes .* declared 3/),
    });
  });

  test('is inconclusive when the breaker was never due to open', () => {
    expect(
      verdictOf('silent-while-open', new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good')).outcome,
    ).toBe('inconclusive');
  });
});

describe('held-open-after-heal', () => {
  const cut = (): Story =>
    new Story({ healAtMs: 1_700 })
      .fault(1_000, 1_700, { type: 'down', id: 'down' })
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_700, null, { by: 'cached' });

  test('holds when requests after the heal make no attempt until the probe', () => {
    const verdict = verdictOf(
      'held-open-after-heal',
      cut().traffic(1_700, 2_200, null, { by: 'cached' }).traffic(2_200, 3_700, 'good'),
    );
    expect(verdict).toMatchObject({ outcome: 'holds', numbers: { requests: { value: 11 } } });
  });

  test('fails when attempts resume at once', () => {
    expect(verdictOf('held-open-after-heal', cut().traffic(1_700, 3_700, 'good'))).toMatchObject({
      outcome: 'fails',
    });
  });

  test('is inconclusive when the outage saw too few requests to trip anything', () => {
    const story = new Story({ healAtMs: 1_700 })
      .fault(1_000, 1_700)
      .traffic(0, 1_000, 'good')
      .traffic(1_700, 3_700, 'good');
    expect(verdictOf('held-open-after-heal', story).outcome).toBe('inconclusive');
  });

  test('is inconclusive when the fault outlasts the open duration', () => {
    const story = new Story()
      .fault(1_000, 3_000, { type: 'down', id: 'down' })
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 3_500, null)
      .traffic(3_500, 5_000, 'good');
    expect(verdictOf('held-open-after-heal', story)).toMatchObject({
      outcome: 'inconclusive',
      says: expect.stringMatching(/outlasted/),
    });
  });
});

describe('breaker-recovers', () => {
  test('holds when the first good answer comes within the allowed time and use goes on', () => {
    expect(verdictOf('breaker-recovers', healthyOutage())).toMatchObject({ outcome: 'holds' });
  });

  test('fails a breaker that never recovers', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed')
      .traffic(1_250, 5_000, null, { by: 'cached' });
    expect(verdictOf('breaker-recovers', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/never asked again/),
    });
  });

  test('fails a recovery that comes too late', () => {
    const story = new Story({ recoveryMs: 4_000 })
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed')
      .traffic(1_250, 6_000, null)
      .traffic(6_000, 7_000, 'good');
    expect(verdictOf('breaker-recovers', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/first good answer 300\d ms after the heal/),
    });
    // Allowed: 1 s + 25 % + 400 ms + 250 ms.
    expect(verdictOf('breaker-recovers', story, { dependencyBackMs: 1_000 }).outcome).toBe('fails');
    expect(verdictOf('breaker-recovers', story, { dependencyBackMs: 1_200 }).outcome).toBe('holds');
  });

  test('fails one good answer that is followed by silence', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed')
      .traffic(1_250, 3_500, null);
    story.request(3_500).attempt(3_501).traffic(3_550, 5_000, null);
    expect(verdictOf('breaker-recovers', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/not at the end/),
    });
  });

  test('is inconclusive when nobody asks after the heal', () => {
    const story = new Story().fault(1_000, 3_000).traffic(0, 1_000, 'good').traffic(1_000, 1_250, 'failed');
    expect(verdictOf('breaker-recovers', story).outcome).toBe('inconclusive');
  });
});

describe('stays-closed', () => {
  test('holds when four failures change nothing', () => {
    const story = new Story()
      .fault(1_000, 1_500)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_200, 'failed', { by: 'cached' })
      .traffic(1_200, 5_000, 'good');
    expect(verdictOf('stays-closed', story)).toMatchObject({
      outcome: 'holds',
      numbers: { failures: { value: 4 } },
    });
  });

  test('fails when they stop the attempts', () => {
    const story = new Story()
      .fault(1_000, 1_500)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_100, 'failed')
      .traffic(1_100, 2_000, null)
      .traffic(2_000, 5_000, 'good');
    expect(verdictOf('stays-closed', story)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/2 failures stopped its attempts; declared 5/),
    });
  });

  test('is inconclusive when nothing failed, or so much that it should trip', () => {
    expect(verdictOf('stays-closed', new Story().fault(1_000, 1_500).traffic(0, 5_000, 'good')).outcome).toBe(
      'inconclusive',
    );
    expect(verdictOf('stays-closed', healthyOutage()).outcome).toBe('inconclusive');
  });
});

describe('fast-rejection', () => {
  test('holds when requests that meet the open breaker are quick', () => {
    expect(verdictOf('fast-rejection', healthyOutage())).toMatchObject({
      outcome: 'holds',
      numbers: { limit: { value: 305 } },
    });
  });

  test('fails when they wait a timeout', () => {
    const story = new Story()
      .fault(1_000, 3_000)
      .traffic(0, 1_000, 'good')
      .traffic(1_000, 1_250, 'failed')
      .traffic(1_280, 1_700, null, { tookMs: 390 });
    expect(verdictOf('fast-rejection', story).outcome).toBe('fails');
  });

  test('is inconclusive when none met it', () => {
    expect(
      verdictOf('fast-rejection', new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good')).outcome,
    ).toBe('inconclusive');
  });
});

describe('retries-bounded', () => {
  const retrying = {
    ...POLICY,
    retry: {
      attempts: 3,
      backoff: { kind: 'exponential' as const, baseMs: 20, factor: 2, jitter: 'full' as const },
    },
  };

  function retried(times: number, waitMs: number): Story {
    const story = new Story({ policy: retrying }).fault(1_000, 3_000).traffic(0, 1_000, 'good');
    for (let i = 0; i < 8; i++) {
      story.request(1_000 + i * 100, { tookMs: 90 });
      for (let n = 0; n < times; n++) story.attempt(1_000 + i * 100 + 1 + n * (3 + waitMs), { failed: true });
    }
    return story;
  }

  test('holds within the declared number and with a wait', () => {
    expect(verdictOf('retries-bounded', retried(3, 15))).toMatchObject({
      outcome: 'holds',
      numbers: { most: { value: 3 }, medianWait: { value: 15 } },
    });
  });

  test('fails one attempt too many', () => {
    expect(verdictOf('retries-bounded', retried(4, 15))).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/4 attempts for one request; declared at most 3/),
    });
  });

  test('fails retries without a wait', () => {
    expect(verdictOf('retries-bounded', retried(3, 0))).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/declared base 20 ms/),
    });
  });

  test('bounds the sum where attempts cannot be told to requests', () => {
    const handshakes = (each: number): Story => {
      const story = new Story({ policy: retrying })
        .fault(1_000, 3_000)
        .traffic(0, 1_000, 'good')
        .traffic(1_000, 2_000, null, { everyMs: 100, tookMs: 90 });
      for (let i = 0; i < 10 * each; i++)
        story.attempt(1_000 + i * (90 / each), { failed: true, trace: null });
      return story;
    };
    expect(verdictOf('retries-bounded', handshakes(2))).toMatchObject({
      outcome: 'holds',
      numbers: { amplification: { value: 2 } },
    });
    expect(verdictOf('retries-bounded', handshakes(5))).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(/50 attempts for 10 requests/),
    });
  });

  test('counts a request that was under way when the fault came: its attempt may be made then', () => {
    const once = new Story({ policy: { ...POLICY, retry: null } })
      .fault(1_000, 3_000)
      .request(990, { tookMs: 60 })
      .attempt(1_010, { failed: true })
      .traffic(1_100, 1_600, 'failed');
    expect(verdictOf('retries-bounded', once)).toMatchObject({
      outcome: 'holds',
      numbers: { amplification: { value: 1 } },
    });
  });

  test('is inconclusive when nothing failed', () => {
    expect(
      verdictOf('retries-bounded', new Story().fault(1_000, 3_000).traffic(0, 5_000, 'good')).outcome,
    ).toBe('inconclusive');
  });
});
