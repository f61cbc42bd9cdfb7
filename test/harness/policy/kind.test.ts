import { describe, expect, test } from '@jest/globals';
import { hypothesesFor } from '../../../harness/policy/kind.ts';
import { Replay } from '../../../harness/policy/replay.ts';
import { type RuleSpec, ruleOf } from '../../../harness/policy/rules.ts';
import type { OnClose, Seen, SeenCall } from '../../../harness/policy/story.ts';

/**
 * `S` well, `F` failed, `!` it tripped there, `(` and `)` a closing; one call each 10 ms. `~` three calls that nobody
 * saw; `_` a second in which it may have tripped and closed again.
 */
function storyOf(text: string): Seen[] {
  const story: Seen[] = [];
  let endMs = 0;
  for (const sign of text) {
    const last = story.at(-1) as SeenCall | undefined;
    if (sign === '!' && last !== undefined) last.tripped = true;
    else if (sign === ')') story.push({ what: 'closed' });
    else if (sign === '~') story.push({ what: 'fog', calls: 3, attemptsEach: 1, endMs });
    else if (sign === '_' && last !== undefined) {
      Object.assign(last, { mayHide: true, tripped: null });
      endMs += 1_000;
    } else if (sign === 'S' || sign === 'F') {
      endMs += 10;
      const ok = sign === 'S';
      story.push({
        what: 'call',
        endMs,
        ok,
        attempts: [{ ok, endMs }],
        tripped: false,
        mayHide: false,
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

describe('what is not known of the story', () => {
  const spec: RuleSpec = { kind: 'time-window', windowMs: 5_000, minimumCalls: 4, rate: 0.5, strict: false };
  const agrees = (rule: RuleSpec, onClose: OnClose, text: string): boolean =>
    new Replay({ rule, unit: 'calls', onClose, countsSurplus: false }).agrees(storyOf(text));

  test('a window of time may have been filled by calls that nobody saw, but not by more', () => {
    expect(agrees(spec, 'keeps', 'FFF!')).toBe(false); // of three calls it says nothing
    expect(agrees(spec, 'keeps', '~FFF!')).toBe(true);
    expect(agrees(spec, 'keeps', 'SSSSSSSSSSSSSSSSSSSS~F!')).toBe(false);
    expect(agrees(spec, 'keeps', 'SSSSSSSSSSSSSSSSSSSS~FFFFFFFFFFFFFFFFFFFFFFFFFFF')).toBe(false);
  });

  test('among them it may have been cleared, if a close clears it', () => {
    expect(agrees(spec, 'keeps', 'SSSSSSSSSSSSSSSSSSSS~FFFF!')).toBe(false);
    expect(agrees(spec, 'clears', 'SSSSSSSSSSSSSSSSSSSS~FFFF!')).toBe(true);
  });

  test('failures alone trip a count of them, whatever came before', () => {
    const failures: RuleSpec = { kind: 'failures-in-time', windowMs: 5_000, failures: 3 };
    expect(agrees(failures, 'keeps', '~FFFF')).toBe(false);
    expect(agrees(failures, 'keeps', '~F!')).toBe(true);
  });

  test('a rule that may have tripped before a long pause is not held to what came after it', () => {
    // It trips at the fourth call, which is well; open for less than a second, it lets the last one through as a probe.
    expect(agrees(spec, 'clears', 'FFFS_F!')).toBe(true);
    // This one has not tripped before, and a single failure is too little for it.
    expect(agrees({ ...spec, windowMs: 500 }, 'clears', 'FF_F!')).toBe(false);
    expect(agrees({ kind: 'consecutive', failures: 5 }, 'clears', 'FFFS_F!')).toBe(false);
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
