import { describe, expect, test } from '@jest/globals';
import { hypothesesFor } from '../../../harness/policy/kind.ts';
import { ruleOf } from '../../../harness/policy/rules.ts';
import type { Seen, SeenCall } from '../../../harness/policy/story.ts';

/** `S` well, `F` failed, `!` it tripped there, `(` and `)` a closing; one call each 10 ms. */
function storyOf(text: string): Seen[] {
  const story: Seen[] = [];
  let endMs = 0;
  for (const sign of text) {
    const last = story.at(-1) as SeenCall | undefined;
    if (sign === '!' && last !== undefined) last.tripped = true;
    else if (sign === ')') story.push({ what: 'closed' });
    else if (sign === 'S' || sign === 'F') {
      endMs += 10;
      const ok = sign === 'S';
      story.push({
        what: 'call',
        endMs,
        ok,
        attempts: [{ ok, endMs }],
        tripped: false,
        cutShort: false,
        isProbe: false,
      });
    }
  }
  return story;
}

const kindsOf = (text: string): string[] =>
  [...new Set(hypothesesFor(storyOf(text)).map(({ rule }) => rule.kind))].sort();

describe('which rules can have done what was seen', () => {
  test('a first trip alone leaves every kind', () => {
    expect(kindsOf('SSSFFF!')).toEqual([
      'consecutive',
      'count-window',
      'failures-in-calls',
      'failures-in-time',
      'leaky',
      'time-window',
    ]);
  });

  test('failures that a success takes back leave no rule that remembers them', () => {
    expect(kindsOf('FFF!)FFSFFSFFSFF')).not.toContain('failures-in-time');
    expect(kindsOf('FFF!)FFSFFSFFSFF')).toContain('consecutive');
  });

  test('a trip after a success in between leaves none that forgets at a success', () => {
    const kinds = kindsOf('FFF!)FFSF!');
    expect(kinds).not.toContain('consecutive');
    expect(kinds).toContain('failures-in-time');
  });

  test('a threshold that nothing explains leaves nothing', () => {
    expect(kindsOf('FFF!)F!)FFFFFFFFFFFFF!)FF!)FFFFFFF!')).toEqual([]);
  });
});

describe('rules', () => {
  test('strict and not strict differ at the very share', () => {
    const of = (strict: boolean) =>
      ruleOf({ kind: 'count-window', windowCalls: 4, minimumCalls: 4, rate: 0.5, strict });
    const run = (strict: boolean): boolean[] => {
      const rule = of(strict);
      return [true, true, false, false].map((ok, i) => rule.record(ok, i));
    };
    expect(run(false)).toEqual([false, false, false, true]);
    expect(run(true)).toEqual([false, false, false, false]);
  });

  test('leaky takes one back, and never goes below nothing', () => {
    const rule = ruleOf({ kind: 'leaky', failures: 2 });
    expect([true, false, true, false, false].map((ok) => rule.record(ok, 0))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test('a window of time forgets what is older, and a clone goes its own way', () => {
    const rule = ruleOf({ kind: 'failures-in-time', windowMs: 100, failures: 2 });
    rule.record(false, 0);
    const other = rule.clone();
    expect(rule.record(false, 101)).toBe(false);
    expect(other.record(false, 100)).toBe(true);
  });
});
