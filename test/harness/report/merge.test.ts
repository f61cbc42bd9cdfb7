import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../../harness/model/verdict.ts';
import { exitCodeOfReport, mergeReports, type Part } from '../../../harness/report/merge.ts';
import type { ReportedScenario, RunReport } from '../../../harness/report/results.ts';

function reported(name: string, outcome: Outcome = 'holds'): ReportedScenario {
  return {
    name,
    file: `scenarios/${name}.scenario.ts`,
    outcome,
    judgements: [],
    history: `${name}/history.ndjson`,
    totalMs: 2_000,
    bootMs: 100,
    starvedRuns: 0,
  };
}

function part(folder: string, report: Partial<RunReport> = {}, against: Partial<Part['against']> = {}): Part {
  return {
    folder,
    report: {
      run: folder,
      seed: 7,
      mutant: null,
      startedAt: '2026-01-01T00:00:00.000Z',
      totalMs: 5_000,
      scenarios: [],
      failed: [],
      ...report,
    },
    against: { target: 'tiny', environment: 'embedded', links: 'embedded', load: 'embedded', ...against },
  };
}

const shard = (index: number, total = 2): { shard: { index: number; total: number } } => ({
  shard: { index, total },
});

describe('a merged report', () => {
  test('has every scenario by name, and spans the shards in time', () => {
    const report = mergeReports('m', [
      part('one', { ...shard(1), scenarios: [reported('b'), reported('d')] }),
      part('two', {
        ...shard(2),
        startedAt: '2026-01-01T00:00:02.000Z',
        scenarios: [reported('a'), reported('c')],
      }),
    ]);
    expect(report.scenarios.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(report).toMatchObject({
      run: 'm',
      seed: 7,
      startedAt: '2026-01-01T00:00:00.000Z',
      totalMs: 7_000,
    });
    expect(report.failed).toEqual([]);
    expect('shard' in report).toBe(false);
  });

  test('takes a shard without scenarios for what it is', () => {
    const parts = [
      part('one', { ...shard(1), scenarios: [reported('a')] }),
      { ...part('two', shard(2)), against: null },
    ];
    expect(exitCodeOfReport(mergeReports('m', parts))).toBe(0);
  });

  test('tells of a shard that left no report, and is not green', () => {
    const report = mergeReports('m', [part('two', { ...shard(2, 3), scenarios: [reported('a')] })]);
    expect(report.failed.map(({ name, why }) => `${name} ${why}`)).toEqual([
      'shard 1/3 left no report: its scenarios are not among these',
      'shard 3/3 left no report: its scenarios are not among these',
    ]);
    expect(exitCodeOfReport(report)).toBe(2);
  });

  test.each<[Outcome[], number]>([
    [['holds', 'holds'], 0],
    [['holds', 'inconclusive'], 3],
    [['fails', 'inconclusive'], 1],
    [['holds', 'fails'], 1],
  ])('of shards whose worst are %j exits %d', ([one = 'holds', two = 'holds'], code) => {
    const parts = [
      part('one', { ...shard(1), scenarios: [reported('a', one)] }),
      part('two', { ...shard(2), scenarios: [reported('b', two)] }),
    ];
    expect(exitCodeOfReport(mergeReports('m', parts))).toBe(code);
  });

  test('of a shard in which something could not be run exits 2, even where a verdict failed', () => {
    const parts = [
      part('one', { ...shard(1), scenarios: [reported('a', 'fails')] }),
      part('two', { ...shard(2), failed: [{ name: 'b', file: 'b.scenario.ts', why: 'no port' }] }),
    ];
    expect(exitCodeOfReport(mergeReports('m', parts))).toBe(2);
  });
});

describe('refused in one sentence', () => {
  const one = part('one', { ...shard(1), scenarios: [reported('a')] });
  test.each<[string, Part[], string]>([
    ['nothing', [], 'no run folder to merge'],
    [
      'another seed',
      [one, part('two', { ...shard(2), seed: 8 })],
      'two has seed 8, but one has 7; give every shard the same --seed',
    ],
    [
      'another mutant',
      [one, part('two', { ...shard(2), mutant: 'retry-storm' })],
      'two has mutant retry-storm, but one has none; they are parts of different runs',
    ],
    [
      'another target',
      [one, part('two', shard(2), { target: 'mimo' })],
      'two has target mimo, but one has tiny; they are parts of different runs',
    ],
    [
      'another environment',
      [one, part('two', shard(2), { environment: 'compose' })],
      'two has environment compose, but one has embedded; they are parts of different runs',
    ],
    [
      'other links',
      [one, part('two', shard(2), { links: 'toxiproxy' })],
      'two has links toxiproxy, but one has embedded; they are parts of different runs',
    ],
    [
      'another split',
      [one, part('two', shard(2, 3))],
      'two has shards in all: 3, but one has 2; they are parts of different runs',
    ],
    [
      'a scenario twice',
      [one, part('two', { ...shard(2), scenarios: [reported('a')] })],
      'scenario a is in one and again in two; give each shard of one run once',
    ],
    [
      'a scenario that ran and one that did not',
      [one, part('two', { ...shard(2), failed: [{ name: 'a', file: '', why: '' }] })],
      'scenario a is in one and again in two; give each shard of one run once',
    ],
    [
      'a shard twice',
      [one, part('two', shard(1))],
      'shard 1/2 is in one and again in two; give each shard of one run once',
    ],
  ])('%s', (_what, parts, sentence) => {
    expect(() => mergeReports('m', parts)).toThrow(sentence);
  });
});
