import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../harness/model/policy.ts';
import { POLICY, Story } from '../../support/story.ts';
import { verdictOf } from '../../support/verdict.ts';

const PATIENT: Policy = {
  ...POLICY,
  retry: {
    attempts: 3,
    backoff: { kind: 'exponential', baseMs: 100, factor: 2, capMs: 400, jitter: 'full' },
    deadlineMs: 1_000,
  },
};
const link = { link: 'llm' };

/** Requests every 100 ms during the fault, with so many tries each, so long after the end of the one before. */
function story(
  tries: readonly { failed?: boolean; status?: number }[],
  waitMs: (n: number) => number,
): Story {
  const told = new Story({ policy: PATIENT }).fault(1_000, 3_000).traffic(0, 1_000, 'good');
  for (let n = 0; n < 12; n += 1) {
    let atMs = 1_000 + 150 * n;
    told.request(atMs, { tookMs: 140 });
    for (const one of tries) {
      told.attempt(atMs, { ...one, tookMs: 3, bodyHash: `b${n}` });
      atMs += 3 + waitMs(n);
    }
  }
  return told.traffic(3_000, 5_000, 'good');
}

const spread = (n: number): number => 8 * n;

describe('transient-retried', () => {
  test('holds where a failed try is followed by another', () => {
    expect(verdictOf('transient-retried', story([{ failed: true }, {}], spread), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: 12 of 12 requests that met a transient fault were tried again',
    });
  });

  test('names what is not tried again', () => {
    expect(verdictOf('transient-retried', story([{ failed: true }], spread), link)).toMatchObject({
      outcome: 'fails',
      says: 'llm: transient faults not retried: 0 of 12 requests that met one were tried again; at least 70 %',
    });
  });

  test('is inconclusive where nothing failed, and where no retry is declared', () => {
    expect(verdictOf('transient-retried', story([{}], spread), link).outcome).toBe('inconclusive');
    const none = new Story().fault(1_000, 3_000).traffic(1_000, 3_000, 'failed');
    expect(verdictOf('transient-retried', none, link)).toMatchObject({
      outcome: 'inconclusive',
      says: 'llm: the target declares no retry',
    });
  });
});

describe('permanent-not-retried', () => {
  const refused = { status: 422 };

  test('holds where a refusal is final', () => {
    expect(verdictOf('permanent-not-retried', story([refused], spread), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: none of 12 requests refused for good was tried again',
    });
  });

  test('names what is tried again', () => {
    expect(verdictOf('permanent-not-retried', story([refused, refused], spread), link)).toMatchObject({
      outcome: 'fails',
      says: 'llm: permanent errors retried: 12 of 12 requests that it refused for good were tried again',
    });
  });

  test('is inconclusive where nothing was refused: a 500 is no refusal', () => {
    const failing = story([{ failed: true }, {}], spread);
    expect(verdictOf('permanent-not-retried', failing, link).outcome).toBe('inconclusive');
  });
});

describe('retries-spread', () => {
  test('holds where waits are drawn evenly', () => {
    expect(verdictOf('retries-spread', story([{ failed: true }, {}], spread), link)).toMatchObject({
      outcome: 'holds',
      says: 'llm: 7 of 12 first waits are below 50 ms: they are spread',
    });
  });

  test('names waits that are all alike', () => {
    const alike = story([{ failed: true }, {}], (n) => 97 + (n % 5));
    expect(verdictOf('retries-spread', alike, link)).toMatchObject({
      outcome: 'fails',
      says: expect.stringMatching(
        /^llm: no jitter: 0 of 12 first waits are below half of the declared base of 100 ms/,
      ),
    });
  });

  test('is inconclusive with few waits, and where none are declared', () => {
    expect(verdictOf('retries-spread', story([{ failed: true }], spread), link).outcome).toBe('inconclusive');
    expect(verdictOf('retries-spread', new Story(), link).says).toBe(
      'llm: the target declares no retry with full jitter',
    );
  });
});
