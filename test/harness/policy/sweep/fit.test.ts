import { describe, expect, test } from '@jest/globals';
import { type History, HistoryEvent } from '../../../../harness/model/history.ts';
import { toNs } from '../../../../harness/model/time.ts';
import { fitOutages, linksOf } from '../../../../harness/policy/sweep/fit.ts';
import { Story } from '../../../support/story.ts';

/** A history of exchanges on the link `llm`: when each began (ms), and its status; null: broken by the dependency. */
function historyOf(exchanges: readonly (readonly [atMs: number, status: number | null])[]): History {
  const events = exchanges.map(([atMs, status], id) =>
    HistoryEvent.parse({
      id,
      kind: 'exchange',
      t: toNs(atMs),
      endT: toNs(atMs + 5),
      link: 'llm',
      connection: 1,
      method: 'POST',
      path: '/',
      status,
      outcome: status === null ? 'broken' : 'answered',
      endedBy: 'dependency',
      firstByteT: null,
      bytesUp: 0,
      bytesDown: 0,
      tokens: null,
      bodyHash: null,
      trace: null,
      attempt: 1,
      attemptBy: null,
      faults: [],
    }),
  );
  return { header: new Story().tell().header, events };
}

const every = (stepMs: number, fromMs: number, untilMs: number, status: number | null) =>
  Array.from({ length: (untilMs - fromMs) / stepMs }, (_, i) => [fromMs + i * stepMs, status] as const);

describe('an outage model fitted from a history', () => {
  test('has the outages that were there, how long, how often and how', () => {
    const model = fitOutages(
      historyOf([
        ...every(100, 0, 20_000, 200),
        ...every(100, 20_000, 24_000, 429),
        ...every(100, 24_000, 60_000, 200),
        ...every(100, 60_000, 61_000, null),
        ...every(100, 61_000, 86_400, 200),
      ]),
      'llm',
      'h.ndjson',
    );
    expect(model.episodes).toHaveLength(2);
    expect(model.episodes[0]).toMatchObject({ failureRatio: 1, shape: 'status-429' });
    expect(model.episodes[0]?.durationMs).toBeCloseTo(3_950, -2);
    expect(model.episodes[1]).toMatchObject({ failureRatio: 1, shape: 'rst' });
    expect(model.perDay).toBeCloseTo(2_000, -2);
    expect(model.errorRatio).toBe(0);
  });

  test('takes the silence of an open breaker for part of the outage, and lone failures for background', () => {
    const model = fitOutages(
      historyOf([
        ...every(100, 0, 10_000, 200),
        [10_000, 503],
        ...every(100, 10_100, 40_000, 200),
        ...every(100, 40_000, 40_500, 503),
        [45_000, 503],
        [50_000, 503],
        ...every(100, 55_000, 60_000, 200),
      ]),
      'llm',
      'h.ndjson',
    );
    expect(model.episodes).toHaveLength(1);
    expect(model.episodes[0]?.durationMs).toBeCloseTo(12_500, -2);
    expect(model.errorRatio).toBeCloseTo(1 / 450, 4);
  });

  test('of which part was answered is partial', () => {
    const mixed = every(100, 5_000, 15_000, 200).map(([atMs], i) => [atMs, i % 4 === 0 ? 503 : 200] as const);
    const model = fitOutages(historyOf([...every(100, 0, 5_000, 200), ...mixed]), 'llm', 'h.ndjson');
    expect(model.episodes[0]?.failureRatio).toBeCloseTo(0.25, 1);
  });

  test('without an outage, or without the link, says so', () => {
    const calm = historyOf(every(100, 0, 5_000, 200));
    expect(linksOf(calm)).toEqual(['llm']);
    expect(() => fitOutages(calm, 'llm', 'h.ndjson')).toThrow(/h.ndjson: link "llm" had no outage/);
    expect(() => fitOutages(calm, 'ollama', 'h.ndjson')).toThrow(
      /on link "ollama".*links with exchanges: llm/,
    );
  });
});
