import { describe, expect, test } from '@jest/globals';
import type { HistoryEvent, Unnumbered } from '../../../harness/model/history.ts';
import { toNs } from '../../../harness/model/time.ts';
import { recent, renderView, viewOf } from '../../../harness/rehearsal/view.ts';
import { Story } from '../../support/story.ts';

const REQUESTS = { ask: { needs: ['llm'], write: false } };

function seen(story: Story): Unnumbered<HistoryEvent>[] {
  return [...story.tell().events];
}

const view = (story: Story, atMs: number, faults: string[] = []) =>
  viewOf(seen(story), toNs(atMs), REQUESTS, new Map([['llm', faults]]), new Map([['llm', 'open']]));

describe('the view of a rehearsal', () => {
  test('counts what the last seconds saw, and how answers were served', () => {
    const story = new Story().traffic(2_000, 5_000, 'good', { everyMs: 100 });
    const { entry, links } = view(story, 5_000);
    expect(entry).toMatchObject({ requestsPerSecond: 10, errorRatio: 0, latencyMsP95: 5 });
    expect(links).toEqual([
      expect.objectContaining({
        link: 'llm',
        attemptsPerSecond: 10,
        failedPerSecond: 0,
        wire: 'flowing',
        told: 'open',
        served: { live: 30 },
      }),
    ]);
  });

  test('says silent where requests come and nothing is attempted, idle where nobody asks', () => {
    expect(view(new Story().traffic(3_000, 5_000, null), 5_000).links[0]?.wire).toBe('silent');
    expect(view(new Story().traffic(0, 1_000, 'good'), 5_000).links[0]?.wire).toBe('idle');
  });

  test('says silent within a second of the last attempt', () => {
    const story = new Story().traffic(3_000, 4_000, 'good').traffic(4_000, 5_200, null);
    expect(view(story, 5_200).links[0]?.wire).toBe('silent');
  });

  test('counts failed attempts and failed requests', () => {
    const story = new Story().traffic(2_000, 5_000, 'failed', {
      everyMs: 100,
      outcome: 'error',
      status: 502,
      servedBy: null,
      served: {},
    });
    const { entry, links } = view(story, 5_000);
    expect(entry.errorRatio).toBe(1);
    expect(links[0]).toMatchObject({ failedPerSecond: 10, served: { error: 30 } });
  });

  test('forgets what is too old to matter', () => {
    const events = seen(new Story().traffic(0, 5_000, 'good', { everyMs: 100 }));
    expect(recent(events, toNs(20_000))).toEqual([]);
  });

  test('is a row per link, with the faults that are armed', () => {
    const lines = renderView(view(new Story().traffic(2_000, 5_000, 'good'), 5_000, ['r1-down']));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^00:05 {2}20 req\/s, 0 % errors, p95 5 ms$/);
    expect(lines[1]).toMatch(
      /llm +20\.0 attempts\/s +0\.0 failed\/s +flowing \(says open\) +60 live +\[r1-down\]$/,
    );
  });
});
