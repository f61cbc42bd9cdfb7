/** The comparison of vector searches by itself: its data, its count of hits, its table, and that nothing depends on it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { tableOf } from '../../examples/vector-search/table.ts';
import { findTruth, K, percentile, recall } from '../../examples/vector-search/truth.ts';
import { makeVectors } from '../../examples/vector-search/vectors.ts';
import { DIMENSION } from '../../services/mimo/memory/hash-vector.ts';
import { REPOSITORY } from '../support/workshop.ts';

const FOLDER = path.join(REPOSITORY, 'examples/vector-search');
const few = { count: 200, queries: 5, seed: 7, distribution: 'clustered' } as const;

async function manifest(folder: string): Promise<Record<string, Record<string, string> | undefined>> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
}

describe('the vectors', () => {
  test('are the same for a seed, and others for another', () => {
    const bytes = (seed: number) => Buffer.from(makeVectors({ ...few, seed }).base.buffer);
    expect(bytes(7).equals(bytes(7))).toBe(true);
    expect(bytes(7).equals(bytes(8))).toBe(false);
  });

  test('have length 1', () => {
    const [first = 0, ...rest] = makeVectors(few).queries.subarray(0, DIMENSION);
    expect(rest.reduce((sum, value) => sum + value * value, first * first)).toBeCloseTo(1, 5);
  });

  test('have neighbours that stand out where they are clustered, and none that do where they are uniform', () => {
    const { cosines: clustered } = findTruth(makeVectors(few));
    const { cosines: uniform } = findTruth(makeVectors({ ...few, distribution: 'uniform' }));
    expect(clustered.nearest - clustered.anyOther).toBeGreaterThan(0.3);
    expect(uniform.nearest - uniform.anyOther).toBeLessThan(0.2);
  });
});

test('recall is the part of the true neighbours that was found', () => {
  const { nearest } = findTruth(makeVectors(few));
  const all = Array.from({ length: few.queries }, (_, i) => [...nearest.subarray(i * K, (i + 1) * K)]);
  expect(recall(all, nearest)).toBe(1);
  expect(
    recall(
      all.map((rows) => rows.slice(0, 4)),
      nearest,
    ),
  ).toBeCloseTo(0.4);
  expect(recall([], nearest)).toBe(0);
});

test.each([
  [0.5, 2],
  [0.99, 4],
])('percentile %d of four numbers is by nearest rank', (part, value) => {
  expect(percentile([3, 1, 4, 2], part)).toBe(value);
});

test('the table gives the best and the median, the worst recall, and why there is no number', () => {
  const run = (found: number, p50: number) => ({
    measured: {
      version: '',
      buildMs: 2_000,
      memoryBytes: 1024 * 1024,
      settings: [{ ef: 40, recall: found, passes: [{ p50, p99: 2 * p50, cpu: p50 / 2 }] }],
    },
  });
  const table = tableOf([
    { label: 'a', vectors: 10, runs: [run(1, 3), run(0.9, 1), run(1, 2)] },
    { label: 'b', vectors: 10, runs: [{ unavailable: 'not here' }] },
  ]);
  expect(table).toContain('| a | 40 | 0.900 | 1.00 (2.00) | 2.00 (4.00) | 0.50 | 2.0 (2.0) | 1 |');
  expect(table).toContain('| b |  | not here |');
});

test('what is compared has exact versions, and the project depends on none of it', async () => {
  const own = await manifest(FOLDER);
  const compared = { ...own.dependencies, ...own.optionalDependencies };
  for (const version of Object.values(compared)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const ours = await manifest(REPOSITORY);
  const used = Object.keys({ ...ours.dependencies, ...ours.devDependencies, ...ours.optionalDependencies });
  expect(used.filter((name) => name in compared)).toEqual([]);
});

describe('node main.ts', () => {
  const main = (...args: string[]) =>
    promisify(execFile)(process.execPath, [path.join(FOLDER, 'main.ts'), ...args], { timeout: 60_000 });

  test('measures a candidate and says what it did', async () => {
    const out = await mkdtemp(path.join(tmpdir(), 'tripcurve-test-'));
    const once = ['--runs', '1', '--passes', '1', '--out', out];
    const { stdout } = await main('--sizes', '300', '--only', 'mimo', ...once);
    await rm(out, { recursive: true });
    expect(stdout).toMatch(/300 vectors, clustered, seed 20261125/);
    expect(stdout).toMatch(/\| Mimo, exact scan in process \| {2}\| 1\.000 \|/);
  }, 60_000);

  test.each([
    [['--only', 'nonsense'], /--only nonsense: no such candidate; there are mimo/],
    [['--sizes', '0'], /--sizes must be a whole number of at least 1, got 0/],
    [['--data', 'real'], /--data must be clustered or uniform, got real/],
  ])('%j is told in one sentence', async (args, sentence) => {
    await expect(main(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) });
  });
});
