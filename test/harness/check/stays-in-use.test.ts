import { describe, expect, test } from '@jest/globals';
import { CHECKERS } from '../../../harness/check/registry.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { Story } from '../../support/story.ts';

function verdictOf(check: string, story: Story, params: object = {}): Verdict {
  const checker = CHECKERS.get(check);
  if (checker === undefined) throw new Error(`no checker ${check}`);
  return checker.judge(story.tell(), checker.params.parse({ link: 'llm', ...params }), 'after');
}

const slow = (): Story => new Story().fault(1_000, 3_000, { type: 'latency' }).traffic(0, 1_000, 'good');

describe('stays-in-use', () => {
  test('holds when requests go on trying the link and are served by it', () => {
    const story = slow().traffic(1_000, 5_000, 'good');
    expect(verdictOf('stays-in-use', story, { live: 1 })).toMatchObject({
      outcome: 'holds',
      says: 'llm: 40 of 40 requests tried it during the fault, 40 were served live',
    });
  });

  test('fails a target that stops asking', () => {
    const story = slow()
      .traffic(1_000, 2_000, 'good')
      .traffic(2_000, 3_000, null, { by: 'cached' })
      .traffic(3_000, 5_000, 'good');
    expect(verdictOf('stays-in-use', story)).toMatchObject({
      outcome: 'fails',
      says: 'llm: only 20 of 40 requests tried it during a fault that can be borne (at least 95 %)',
    });
  });

  test('fails a target that asks and serves something else', () => {
    const story = slow().traffic(1_000, 3_000, 'good', { by: 'cached' }).traffic(3_000, 5_000, 'good');
    expect(verdictOf('stays-in-use', story)).toMatchObject({ outcome: 'holds' });
    expect(verdictOf('stays-in-use', story, { live: 0.5 })).toMatchObject({
      outcome: 'fails',
      says: 'llm: only 0 of 40 requests were served live during a fault that can be borne (at least 50 %)',
    });
  });

  test('is inconclusive without requests during the fault', () => {
    const story = slow().traffic(3_000, 5_000, 'good');
    expect(verdictOf('stays-in-use', story)).toMatchObject({
      outcome: 'inconclusive',
      says: 'llm: 0 requests during the fault; 10 are needed',
    });
  });
});

describe('an answer that a fault has spoilt', () => {
  const answers = (type: string, attributes: object = {}): Story => {
    const story = new Story().traffic(0, 1_000, 'good');
    for (const what of ['injected', 'healed']) {
      const spec = what === 'injected' ? { type, attributes } : null;
      story.event(what === 'injected' ? 1_000 : 2_500, {
        kind: 'fault',
        link: 'llm',
        fault: 'f0',
        what,
        spec,
      });
    }
    for (let atMs = 1_000; atMs < 1_250; atMs += 50)
      story.request(atMs, { by: 'cached' }).attempt(atMs + 1, { faults: ['f0'] });
    return story.traffic(1_250, 2_300, null, { by: 'cached' }).traffic(2_300, 5_000, 'good');
  };

  test.each(['http_malformed_json', 'http_wrong_schema', 'llm_empty_choices', 'embedding_wrong'])(
    '%s has failed, whatever its status',
    (type) => {
      expect(verdictOf('breaker-trips', answers(type))).toMatchObject({
        outcome: 'holds',
        numbers: { failures: { value: 5 } },
      });
    },
  );

  test.each([
    ['http_wrong_content_type', {}],
    ['embedding_wrong', { how: 'other_model' }],
  ])('%s %j is a success: nobody can tell', (type, attributes) => {
    expect(verdictOf('breaker-trips', answers(type, attributes))).toMatchObject({ outcome: 'fails' });
  });
});
