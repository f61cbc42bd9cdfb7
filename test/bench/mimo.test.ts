/** The bench of Mimo: its statistics, what it calls slower, and that a slow-down really is seen. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { measureBenches } from '../../bench/mimo/bench.ts';
import { compare, type MimoResult, otherMachine, parseResult } from '../../bench/mimo/compare.ts';
import { judge } from '../../bench/mimo/mimo.ts';
import { type Interval, intervalOf, summarise } from '../../bench/mimo/summary.ts';
import { spawnToEnd } from './spawn.ts';

describe('the interval of a median', () => {
  test.each([
    [6, 1, 6], // 1 - 2/64: 97 %; without the ends only 78 %
    [8, 1, 8],
    [9, 2, 8], // 1 - 2 (1 + 9)/512: 96 %
    [12, 3, 10],
    [20, 6, 15],
  ])('of %i rounds goes from the value at place %i to the one at %i', (rounds, low, high) => {
    const values = Array.from({ length: rounds }, (_, i) => i + 1);
    expect(intervalOf(values.toReversed())).toMatchObject({ low, high });
  });
});

function result(benches: Record<string, Interval>, machine: object = {}): MimoResult {
  const summary = { operations: 100, msP50: 1, msP95: 2, msP99: 3, perSecond: 1_000 };
  return parseResult(
    JSON.stringify({
      bench: 'mimo',
      startedAt: '2026-01-01T00:00:00.000Z',
      machine: {
        cpu: 'one',
        cpus: 2,
        memoryBytes: 1,
        node: 'v24',
        system: 'x',
        loadAverage: 0,
        commit: null,
        ...machine,
      },
      rounds: 8,
      operations: {},
      benches: Object.fromEntries(
        Object.entries(benches).map(([name, relative]) => [name, { ...summary, relative }]),
      ),
    }),
    'x.json',
  );
}

const at = (median: number, noise = 0.05): Interval => ({
  median,
  low: median * (1 - noise),
  high: median * (1 + noise),
});

describe('a comparison', () => {
  test.each([
    ['slower', 1.3, 0.05],
    ['same', 1.3, 0.2], // as likely noise
    ['same', 1.04, 0.001], // certain, and not worth telling
    ['faster', 0.7, 0.05],
    ['same', 1, 0.05],
  ])('calls it %s where the ratio is %d and either interval %d wide', (verdict, median, noise) => {
    const [compared] = compare(result({ a: at(median, noise) }), result({ a: at(1, noise) }));
    expect(compared).toMatchObject({ name: 'a', verdict });
    expect(compared?.ratio).toBeCloseTo(median);
  });

  test('fails with the name of what is slower', () => {
    const now = result({ a: at(2), b: at(1), c: at(1) });
    const { text, code } = judge(now, result({ a: at(1), b: at(1) }), 'x.json');
    expect(text).toMatch(/^a +2\.00 .* SLOWER$/m);
    expect(text).toMatch(/^c +new$/m);
    expect(text.split('\n').at(-1)).toBe('slower beyond noise: a');
    expect(code).toBe(1);
    expect(judge(result({ b: at(1) }), now, 'x.json').code).toBe(0);
  });

  test('judges nothing on another machine, or where nothing is in both', () => {
    const elsewhere = result({ a: at(1) }, { cpus: 64 });
    expect(otherMachine(result({ a: at(2) }), elsewhere)).toBe('another machine: cpus 64 then, 2 now');
    expect(judge(result({ a: at(2) }), elsewhere, 'x.json').code).toBe(3);
    expect(judge(result({ a: at(2) }), result({ b: at(1) }), 'x.json')).toMatchObject({
      code: 3,
      text: expect.stringMatching(/nothing is judged: x\.json has none of these benches$/),
    });
  });
});

describe('measuring', () => {
  const busy = (ms: number) => (): void => {
    for (const until = performance.now() + ms; performance.now() < until; ) Math.sqrt(2);
  };
  const budget = { rounds: 6, roundMs: 20, warmUpMs: 5 };

  test('sees a slow-down, and not one where there is none', async () => {
    const measured = await measureBenches(
      ['quick', 'twin', 'slow'].map((name) => ({
        name,
        operation: name,
        run: busy(name === 'slow' ? 12 : 2),
      })),
      budget,
    );
    const { quick, slow } = summarise(measured);
    expect(slow?.operations).toBeGreaterThanOrEqual(30);
    expect(slow?.msP50).toBeGreaterThanOrEqual(12);
    expect((slow?.relative.median ?? 0) / (quick?.relative.median ?? 1)).toBeGreaterThan(3);
  });

  test('ends at a wrong answer: it has no speed', async () => {
    const wrong = {
      name: 'wrong',
      operation: 'none',
      run: () => {
        throw new Error('found nothing');
      },
    };
    await expect(measureBenches([wrong], budget)).rejects.toThrow('found nothing');
  });
});

describe('as a command', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const bench = (...args: string[]) =>
    spawnToEnd([process.execPath, 'bench/main.ts', 'mimo', '--out', dir, ...args], {});
  const quick = ['--only', 'vector_math', '--rounds', '6', '--round-ms', '1'];

  test('writes what it measured, with the facts of the machine; a regression is exit 1', async () => {
    const first = await bench(...quick);
    expect(first.code).toBe(0);
    const file = path.join(/written to (.*)/.exec(first.stdout)?.[1] ?? '', 'mimo.json');
    const written = JSON.parse(await readFile(file, 'utf8'));
    expect(written.machine).toMatchObject({ cpus: expect.any(Number), node: process.version });
    expect(Object.keys(written.benches)).toEqual(['reference', 'vector_math']);
    const { relative } = written.benches.vector_math;
    for (const part of ['median', 'low', 'high']) relative[part] /= 100;
    await writeFile(file, JSON.stringify(written));
    const again = await bench(...quick, '--compare', file);
    expect(again.stdout).toMatch(/^slower beyond noise: vector_math$/m);
    expect(again.code).toBe(1);
  }, 60_000);

  test.each([
    [['--compare', 'nowhere.json'], '--compare nowhere.json: cannot be read: ENOENT'],
    [['--compare', 'package.json'], '--compare package.json: not a result of the bench'],
    [['--only', 'memory'], '--only memory: no such bench; one of memory_search, vector_math'],
    [['--rounds', '2'], 'It must be a whole number from 6 to 100.'],
  ])(
    'says in a sentence what is wrong with %j',
    async (args, says) => {
      const { stderr, code } = await bench(...args);
      expect(stderr).toContain(says);
      expect(code).toBe(2);
    },
    60_000,
  );
});
