import { expect, test } from '@jest/globals';
import { CHECKERS } from '../../../harness/check/registry.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { POLICY, Story } from '../../support/story.ts';

const policy = { ...POLICY, bulkhead: { concurrent: 3, queue: 0 } };

function verdictOf(story: Story, params: object = {}): Verdict {
  const checker = CHECKERS.get('concurrency-bounded');
  if (checker === undefined) throw new Error('no such checker');
  return checker.judge(story.tell(), checker.params.parse({ link: 'llm', ...params }), 'after');
}

/** So many slow attempts that overlap. */
function slow(atOnce: number): Story {
  const story = new Story({ policy }).fault(1_000, 3_000, { type: 'latency' });
  for (let i = 0; i < atOnce; i++) story.request(1_000 + i).attempt(1_001 + i, { tookMs: 100 });
  return story;
}

test('holds when as many attempts are open as declared, and no more', () => {
  expect(verdictOf(slow(3).request(1_200).attempt(1_201))).toMatchObject({
    outcome: 'holds',
    says: 'llm: at most 3 attempts at once (declared 3)',
  });
});

test('fails when there is one more', () => {
  expect(verdictOf(slow(4))).toMatchObject({
    outcome: 'fails',
    says: 'llm: unbounded: 4 attempts at once; at most 3 are declared',
  });
});

test('is inconclusive where the bound was never reached, or none is declared', () => {
  expect(verdictOf(slow(2))).toMatchObject({ outcome: 'inconclusive' });
  expect(verdictOf(slow(2), { reached: 0.5 })).toMatchObject({ outcome: 'holds' });
  expect(verdictOf(new Story().request(1_000).attempt(1_001))).toMatchObject({
    outcome: 'inconclusive',
    says: 'the target declares no bulkhead for link llm; give atMost',
  });
});
