import { expect, test } from '@jest/globals';
import { holds, inconclusive } from '../../../harness/check/checker.ts';
import { judge } from '../../../harness/check/judge.ts';
import { starved, withMachine } from '../../../harness/check/machine.ts';
import type { History } from '../../../harness/model/history.ts';
import type { Judgement } from '../../../harness/model/verdict.ts';
import { Story } from '../../support/story.ts';

const WHY = 'nobody watches the links';

/** Fine at the entry, and nothing at all on the link. */
function unseen(story: Story): History {
  const history = story.fault(1_000, 3_000).traffic(0, 5_000, null).tell();
  return { ...history, header: { ...history.header, unwatched: WHY } };
}

test('where nobody watched the links, checks that read the wire are inconclusive with the reason; others judge', () => {
  const verdicts = judge(unseen(new Story())).map(({ check, verdict: { outcome, says } }) => [
    check,
    outcome,
    says,
  ]);
  expect(verdicts).toContainEqual(['success-ratio', 'holds', expect.any(String)]);
  expect(verdicts).toContainEqual(['load-on-schedule', 'holds', expect.any(String)]);
  expect(verdicts).toContainEqual(['breaker-trips', 'inconclusive', WHY]);
  expect(verdicts).toContainEqual(['faults-hit', 'inconclusive', WHY]);
});

test('that alone is no reason to blame the machine, and to run it all again', () => {
  const story = new Story();
  for (let atMs = 0; atMs < 5_000; atMs += 250)
    story.event(atMs, { kind: 'machine', endT: (atMs + 250) * 1e6, cpuWaitRatio: 0.95, lateMs: 300 });
  const history = unseen(story);
  const of = (says: string): Judgement[] => [
    { check: 'faults-hit', part: 'always', verdict: inconclusive(says) },
    { check: 'success-ratio', part: 'expect', verdict: holds('fine', {}) },
  ];
  expect(starved(withMachine(history, of(WHY)))).toBe(false);
  expect(starved(withMachine(history, of('hit nothing')))).toBe(true);
});
