import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { phasesOf, Scenario } from '../../../harness/model/scenario.ts';
import type { LoadedScenario } from '../../../harness/scenario/load.ts';
import { partLong, selectScenarios, shardOf, withTags } from '../../../harness/scenario/select.ts';
import { tinyScenario } from '../../support/workshop.ts';

function scenario(name: string, tags: string[] = [], withinMs = 1_000): LoadedScenario {
  return {
    file: `scenarios/${name}.scenario.ts`,
    scenario: Scenario.parse({ ...tinyScenario, name, tags, recovery: { withinMs } }),
  };
}

function names(scenarios: readonly LoadedScenario[]): string[] {
  return scenarios.map((one) => one.scenario.name);
}

function lengthMs(scenarios: readonly LoadedScenario[]): number {
  return scenarios.reduce((sum, one) => sum + phasesOf(one.scenario).endAtMs, 0);
}

describe('tags', () => {
  const all = [
    scenario('a', ['quick', 'nightly']),
    scenario('b', ['nightly', 'long']),
    scenario('c', ['quick']),
    scenario('d'),
  ];

  test.each([
    [[], ['a', 'b', 'c', 'd']],
    [['nightly'], ['a', 'b']],
    [
      ['quick', 'long'],
      ['a', 'b', 'c'],
    ],
    [['!long'], ['a', 'c', 'd']],
    [['nightly', '!long'], ['a']],
    [['!long', '!quick'], ['d']],
  ])('%j leave %j', (tags, left) => {
    expect(names(withTags(all, tags))).toEqual(left);
  });

  test('that leave nothing are told in one sentence with the tags there are', () => {
    expect(() => selectScenarios(all, { tags: ['nigthly', '!quick'] })).toThrow(
      '--tag nigthly --tag !quick: none of the 4 scenarios is left; their tags are long, nightly, quick',
    );
  });

  test('are applied before the split', () => {
    const shards = [1, 2].map((index) =>
      names(selectScenarios(all, { tags: ['nightly'], shard: { index, total: 2 } })),
    );
    expect(shards.flat().sort()).toEqual(['a', 'b']);
    expect(shards.map((shard) => shard.length)).toEqual([1, 1]);
  });
});

describe('shards', () => {
  const suites = fc
    .uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-z]{1,3}\/[a-z]{1,3}$/),
        withinMs: fc.integer({ min: 1, max: 60_000 }),
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 25 },
    )
    .map((suite) => suite.map(({ name, withinMs }) => scenario(name, [], withinMs)));
  const totals = fc.integer({ min: 1, max: 12 });
  const split = (suite: readonly LoadedScenario[], total: number): LoadedScenario[][] =>
    Array.from({ length: total }, (_, i) => shardOf(suite, { index: i + 1, total }));

  test('together are every scenario, once, each in the order given', () => {
    fc.assert(
      fc.property(suites, totals, (suite, total) => {
        const shards = split(suite, total);
        expect(names(shards.flat()).sort()).toEqual(names(suite).sort());
        for (const shard of shards) expect(shard).toEqual(suite.filter((one) => shard.includes(one)));
      }),
    );
  });

  test('are the same whatever the order of files', () => {
    const shuffled = suites.chain((suite) =>
      fc.tuple(
        fc.constant(suite),
        fc.shuffledSubarray(suite, { minLength: suite.length, maxLength: suite.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, totals, ([suite, other], total) => {
        const sorted = (shards: LoadedScenario[][]): string[][] => shards.map((shard) => names(shard).sort());
        expect(sorted(split(other, total))).toEqual(sorted(split(suite, total)));
      }),
    );
  });

  test('differ in length by no more than the longest scenario', () => {
    fc.assert(
      fc.property(suites, totals, (suite, total) => {
        const lengths = split(suite, total).map(lengthMs);
        const longest = Math.max(...suite.map((one) => phasesOf(one.scenario).endAtMs));
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(longest);
      }),
    );
  });

  test('are empty only where there are more of them than scenarios', () => {
    fc.assert(
      fc.property(suites, totals, (suite, total) => {
        const empty = split(suite, total).filter((shard) => shard.length === 0);
        expect(empty).toHaveLength(Math.max(0, total - suite.length));
      }),
    );
  });
});

describe('long scenarios', () => {
  const all = [scenario('short', ['nightly']), scenario('soak', ['operations', 'long'])];
  const taken = (asked: Parameters<typeof partLong>[1]): string[] => names(partLong(all, asked).short);

  test('are left out, and told, unless their tag or their file is asked for', () => {
    expect(taken({})).toEqual(['short']);
    expect(names(partLong(all, {}).long)).toEqual(['soak']);
    expect(taken({ tags: ['operations'] })).toEqual(['short']);
    expect(taken({ tags: ['long'] })).toEqual(['short', 'soak']);
    expect(taken({ files: ['scenarios/soak.scenario.ts'] })).toEqual(['short', 'soak']);
  });
});
