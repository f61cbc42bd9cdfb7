import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fateOf, findingsOf, type KillMatrix, trialOrder } from '../../../harness/model/kill-matrix.ts';
import { Mutant } from '../../../harness/model/mutant.ts';
import type { Judgement, Outcome } from '../../../harness/model/verdict.ts';
import { renderKillMatrix, writeKillMatrix } from '../../../harness/report/kill-matrix.ts';

const STORM = Mutant.parse({
  name: 'storm',
  origin: 'R2: it tries <again> & again',
  expected: [{ scenario: 'db/reset', check: 'retries-bounded', link: 'db', says: '\\d+ attempts' }],
});

function judged(check: string, outcome: Outcome, says: string, link = 'db'): Judgement {
  return { check, part: 'expect', link, verdict: { outcome, says, numbers: {}, cites: [] } };
}

const NAMED = judged('retries-bounded', 'fails', 'db: 50 attempts for one request');

describe('a mutant is caught by what it declares', () => {
  const fate = (...judgements: Judgement[]): string => fateOf(findingsOf(STORM, 'db/reset', judgements));

  test('its check, link and words, in whichever scenario', () => {
    expect(fate(NAMED)).toBe('caught');
    expect(fateOf(findingsOf(STORM, 'db/another', [NAMED]))).toBe('caught');
  });

  test.each([
    ['nothing failed', judged('retries-bounded', 'holds', '50 attempts')],
    ['another check', judged('breaker-trips', 'fails', 'db: 50 attempts')],
    ['another link', judged('retries-bounded', 'fails', 'llm: 50 attempts', 'llm')],
    ['other words', judged('retries-bounded', 'fails', 'db: half of the retries followed at once')],
  ])('missed where %s', (_, judgement) => {
    expect(fate(judgement)).toBe('missed');
  });

  test('unclear where the machine was too busy, and caught as soon as one run was not', () => {
    const busy = judged(
      'retries-bounded',
      'inconclusive',
      'db: 50 attempts (on a machine that was too busy)',
    );
    expect(fate(busy)).toBe('unclear');
    expect(fate(busy, NAMED)).toBe('caught');
  });

  test('what failed besides is kept, what held is not', () => {
    const findings = findingsOf(STORM, 'db/reset', [
      NAMED,
      judged('breaker-trips', 'fails', 'late'),
      judged('writes-kept', 'holds', 'all'),
      judged('served-live', 'inconclusive', 'few'),
    ]);
    expect(findings.map(({ check, isExpected }) => [check, isExpected])).toEqual([
      ['retries-bounded', true],
      ['breaker-trips', false],
    ]);
  });
});

test('the declared scenarios go first, each once, and the others follow in their order', () => {
  const twice = { ...STORM, expected: [...STORM.expected, ...STORM.expected] };
  expect(trialOrder(twice, ['a', 'db/reset', 'b'])).toEqual(['db/reset', 'a', 'b']);
  expect(trialOrder(STORM, ['a', 'b'])).toEqual(['a', 'b']);
});

test.each([
  [{ expected: [] }],
  [{ origin: '' }],
  [{ expected: [{ ...STORM.expected[0], says: '(' }] }],
  [{ expected: [{ ...STORM.expected[0], reason: 'any' }] }],
])('a mutant is refused with %j', (change) => {
  expect(Mutant.safeParse({ ...STORM, ...change }).success).toBe(false);
});

describe('the kill matrix', () => {
  const trial = (...judgements: Judgement[]) => ({
    scenario: 'db/reset',
    findings: findingsOf(STORM, 'db/reset', judgements),
    totalMs: 9_100,
  });
  const row = (name: string, fate: 'caught' | 'missed' | 'unclear', ...judgements: Judgement[]) => ({
    ...STORM,
    name,
    fate,
    trials: [trial(...judgements)],
    totalMs: 9_200,
  });
  const matrix: KillMatrix = {
    run: 'r1',
    seed: 7,
    startedAt: '2026-01-01T00:00:00.000Z',
    totalMs: 61_500,
    scenarios: 120,
    mutants: [
      row('storm', 'caught', NAMED, judged('breaker-trips', 'fails', 'late')),
      row('calm', 'missed', judged('breaker-trips', 'fails', 'late')),
    ],
  };

  test('has a row for each trial, a column for each check, and says what was found', () => {
    const page = renderKillMatrix(matrix);
    expect(page).toContain(
      '<b class="missed">1 missed</b> <b class="unclear">0 unclear</b> <b class="caught">1 caught</b>',
    );
    expect(page.match(/<th class="check">/g)).toHaveLength(2);
    expect(page.match(/<tr><td rowspan/g)).toHaveLength(2);
    expect(page).toContain('R2: it tries &lt;again&gt; &amp; again');
    expect(page).toContain('title="db: 50 attempts for one request">●');
    expect(page).toContain('class="cell missing" title="expected">–');
    expect(page).toContain('expected retries-bounded: /\\d+ attempts/; instead breaker-trips: late (9.1 s)');
  });

  test('is written as JSON and as a page', async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'kill-matrix-'));
    try {
      await writeKillMatrix(path.join(dir, 'run'), matrix);
      expect(JSON.parse(await readFile(path.join(dir, 'run/kill-matrix.json'), 'utf8'))).toEqual(matrix);
      expect(await readFile(path.join(dir, 'run/kill-matrix.html'), 'utf8')).toContain('1 of 2 caught');
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
