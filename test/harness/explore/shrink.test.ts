/** A schedule that fails is made smaller as long as it fails in the same way. */
import { describe, expect, test } from '@jest/globals';
import { draw, spaceOf } from '../../../harness/explore/draw.ts';
import { reductions, shrink } from '../../../harness/explore/shrink.ts';
import { Config } from '../../../harness/model/config.ts';
import type { ScenarioInput } from '../../../harness/model/scenario.ts';

const link = { protocol: 'http', dependency: { address: '127.0.0.1:1' } };
const config = Config.parse({
  target: { name: 'x', start: { command: ['x'] } },
  links: { a: link, b: link },
  requests: {
    one: { method: 'GET', path: '/', needs: ['a', 'b'] },
    two: { method: 'GET', path: '/', needs: ['a', 'b'] },
    three: { method: 'GET', path: '/', needs: ['a', 'b'] },
  },
  explore: { faultsMax: 8, windowMs: 6_000 },
});
const space = spaceOf(
  config,
  'fast',
  {},
  { always: [{ check: 'deadline-respected' }], faulted: [] },
  () => null,
);

/** Tries candidates one by one, as if each were run. */
const judgedBy =
  (fails: (scenario: ScenarioInput) => boolean) =>
  async (candidates: readonly ScenarioInput[]): Promise<number> =>
    candidates.findIndex(fails);

const typesOn = (scenario: ScenarioInput, on: string): string[] =>
  scenario.timeline.flatMap((step) => ('inject' in step && step.on === on ? [step.inject.type] : []));

/** Drawn schedules that fail by a rule. */
function failing(fails: (scenario: ScenarioInput) => boolean, n: number): ScenarioInput[] {
  const found: ScenarioInput[] = [];
  for (let i = 1; found.length < n && i < 20_000; i++) {
    const scenario = draw(space, 11, i);
    if (fails(scenario)) found.push(scenario);
  }
  expect(found).toHaveLength(n);
  return found;
}

describe('what is left', () => {
  test('is one plain short fault and one kind of request, where that is all it takes', async () => {
    const fails = (scenario: ScenarioInput): boolean => typesOn(scenario, 'a').includes('http_status');
    for (const found of failing(fails, 30)) {
      const { scenario, isSmallest } = await shrink(found, judgedBy(fails), { atOnce: 3, runsMax: 200 });
      expect(isSmallest).toBe(true);
      expect(scenario.timeline).toEqual([
        {
          at: config.explore.leadMs,
          on: 'a',
          forMs: 100,
          inject: { type: 'http_status', attributes: expect.anything() },
        },
      ]);
      expect(Object.values(scenario.traffic.mix)).toEqual([1]);
      // The steady state before must have requests to be judged by.
      expect(scenario.traffic).toMatchObject({ arrivals: 'constant', ratePerSecond: 20 });
    }
  });

  test('is both faults where it takes both, in their order', async () => {
    const fails = (scenario: ScenarioInput): boolean => {
      const first = scenario.timeline.findIndex((step) => 'inject' in step && step.on === 'a');
      const second = scenario.timeline.findLastIndex((step) => 'inject' in step && step.on === 'b');
      return first >= 0 && second > first && 'three' in scenario.traffic.mix;
    };
    for (const found of failing(fails, 30)) {
      const { scenario } = await shrink(found, judgedBy(fails), { atOnce: 2, runsMax: 300 });
      expect(scenario.timeline.map((step) => 'on' in step && step.on)).toEqual(['a', 'b']);
      expect(Object.keys(scenario.traffic.mix)).toEqual(['three']);
      expect((scenario.timeline[1]?.at ?? 0) - (scenario.timeline[0]?.at ?? 0)).toBeLessThanOrEqual(50);
    }
  });

  test('is the schedule itself where nothing smaller fails, and it is said that all was tried', async () => {
    const [found] = failing(({ timeline }) => timeline.length > 3, 1) as [ScenarioInput];
    const shrunk = await shrink(found, async () => -1, { atOnce: 3, runsMax: 500 });
    expect(shrunk).toMatchObject({ scenario: found, isSmallest: true });
    expect(shrunk.runs).toBe(reductions(found).length);
  });

  test('is what was reached when the tries are used up', async () => {
    const [found] = failing(({ timeline }) => timeline.length > 3, 1) as [ScenarioInput];
    const seen: number[] = [];
    const shrunk = await shrink(
      found,
      async (candidates) => {
        seen.push(candidates.length);
        return -1;
      },
      { atOnce: 3, runsMax: 7 },
    );
    expect(shrunk).toMatchObject({ runs: 7, isSmallest: false });
    expect(seen).toEqual([3, 3, 1]);
  });
});

test('no reduction is tried twice, and none is the schedule itself', async () => {
  const [found] = failing(({ timeline }) => timeline.length > 3, 1) as [ScenarioInput];
  const keys = new Set([key(found)]);
  await shrink(
    found,
    async (candidates) => {
      for (const candidate of candidates) {
        expect(keys).not.toContain(key(candidate));
        keys.add(key(candidate));
      }
      return candidates.length > 1 ? 1 : -1;
    },
    { atOnce: 4, runsMax: 500 },
  );
  expect(keys.size).toBeGreaterThan(5);
});

function key({ timeline, traffic }: ScenarioInput): string {
  return JSON.stringify([timeline, traffic]);
}
