import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Outcome } from '../../../harness/model/verdict.ts';
import { renderMarkdown } from '../../../harness/report/markdown.ts';
import type { ReportedScenario, RunReport } from '../../../harness/report/results.ts';

function reported(name: string, outcome: Outcome, says = `${name} says`): ReportedScenario {
  const numbers = { failures: { value: 7, unit: 'failures' }, declared: { value: 5, unit: 'failures' } };
  return {
    name,
    file: `${name}.scenario.ts`,
    outcome,
    judgements: [
      { check: 'breaker-trips', part: 'expect', link: 'llm', verdict: { outcome, says, numbers, cites: [] } },
    ],
    history: `${name}/history.ndjson`,
    totalMs: 2_000,
    bootMs: 100,
    starvedRuns: 0,
  };
}

function report(change: Partial<RunReport> = {}): RunReport {
  return {
    run: 'r1',
    seed: 7,
    mutant: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    totalMs: 61_500,
    scenarios: [],
    failed: [],
    ...change,
  };
}

describe('the Markdown summary', () => {
  const mixed = report({
    scenarios: [reported('a', 'holds'), reported('b', 'inconclusive'), reported('c', 'fails')],
    failed: [{ name: 'd', file: 'd.scenario.ts', why: 'no port' }],
    mutant: 'retry-storm',
    shard: { index: 2, total: 3 },
  });

  test('says how it went, with seed, mutant and shard', () => {
    const [title, , about] = renderMarkdown(mixed).split('\n');
    expect(title).toBe('## ❌ tripcurve: 1 failed, 1 not run, 1 inconclusive, 1 held');
    expect(about).toBe(
      'run r1 · seed 7 · 2026-01-01T00:00:00.000Z · 61.5 s · mutant retry-storm · shard 2 of 3',
    );
  });

  test('puts what went wrong first, the worst on top, with sentence and numbers; then a row for each', () => {
    const text = renderMarkdown(mixed);
    const at = ['**🚫 d** not run', '**❌ c** fails', '**❔ b** inconclusive', '| | scenario |'].map((part) =>
      text.indexOf(part),
    );
    expect(at).not.toContain(-1);
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(text).toContain(
      '- ❌ **breaker-trips** (expect, llm): c says<br>failures 7 failures · declared 5 failures',
    );
    expect(text).toContain('| ✅ | a | 2.0 s | a says |');
    expect(text).toContain('| 🚫 | d | | not run: no port |');
  });

  test('of a run in which all held has no list of wrongs', () => {
    const text = renderMarkdown(report({ scenarios: [reported('a', 'holds')] }));
    expect(text.split('\n')[0]).toBe('## ✅ tripcurve: 1 held');
    expect(text).not.toContain('**');
  });

  test('lets no word of a target become markup, or break a row', () => {
    const says = 'said <img src=x> | [a](b)\n`c` *d* $e$';
    const text = renderMarkdown(report({ scenarios: [reported('a', 'fails', says)] }));
    const row = text.split('\n').find((line) => line.startsWith('| ❌'));
    expect(row).toBe('| ❌ | a | 2.0 s | said \\<img src=x\\> \\| \\[a\\](b) \\`c\\` \\*d\\* \\$e\\$ |');
  });

  test('clips a sentence that quotes a whole log', () => {
    const text = renderMarkdown(report({ failed: [{ name: 'a', file: '', why: '🚧'.repeat(10_000) }] }));
    expect([...text.matchAll(/🚧/g)]).toHaveLength(2 * 600);
  });

  test('is never longer than its bound, and says how much it left out', () => {
    const scenarios = fc.array(
      fc
        .tuple(
          fc.string({ unit: 'grapheme', maxLength: 30 }),
          fc.constantFrom<Outcome>('holds', 'fails', 'inconclusive'),
        )
        .map(([name, outcome]) => reported(name, outcome)),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(scenarios, fc.integer({ min: 200, max: 4_000 }), (given, bytesMax) => {
        const whole = renderMarkdown(report({ scenarios: given }));
        const text = renderMarkdown(report({ scenarios: given }), bytesMax);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
        if (Buffer.byteLength(whole) <= bytesMax) expect(text).toBe(whole);
        else expect(text).toMatch(/\n_\d+ lines more: see report\.html_\n$/);
      }),
    );
  });
});
