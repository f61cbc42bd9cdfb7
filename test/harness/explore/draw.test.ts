/** Schedules that are drawn: the same for the same seed, within the bounds, and such as can be run. */
import { describe, expect, test } from '@jest/globals';
import { draw, type Space, spaceOf } from '../../../harness/explore/draw.ts';
import { expectationsFor, invariantsOf, linksOf } from '../../../harness/explore/invariants.ts';
import { allKinds, kindsFor, planeOf } from '../../../harness/explore/kinds.ts';
import { Config, type ConfigInput } from '../../../harness/model/config.ts';
import { DeclaredPolicy } from '../../../harness/model/policy.ts';
import { phasesOf } from '../../../harness/model/scenario.ts';
import { checkScenario } from '../../../harness/scenario/load.ts';

const declared = {
  api: DeclaredPolicy.parse({
    timeoutMs: 200,
    breaker: { kind: 'consecutive', failures: 3, openMs: 800, halfOpenProbes: 1, successesToClose: 1 },
  }),
};

function configWith(explore: ConfigInput['explore'] = {}): Config {
  return Config.parse({
    target: { name: 'x', start: { command: ['x'] }, declared },
    links: {
      api: { protocol: 'http', dependency: { address: '127.0.0.1:1' } },
      db: { protocol: 'postgres', dependency: { address: '127.0.0.1:2' } },
      other: { protocol: 'tcp', dependency: { address: '127.0.0.1:3' } },
    },
    requests: {
      both: { method: 'GET', path: '/both', needs: ['api', 'db'] },
      db: { method: 'GET', path: '/db', needs: ['db'] },
      other: { method: 'GET', path: '/other', needs: ['other'] },
    },
    explore,
  });
}

function spaceWith(explore: ConfigInput['explore'] = {}): { config: Config; space: Space } {
  const config = configWith(explore);
  const cannot = (step: object): string | null => ('process' in step ? 'not ours' : null);
  return { config, space: spaceOf(config, 'fast', declared, invariantsOf(config, declared), cannot) };
}

const SEED = 7;
const many = (space: Space, n = 400) => Array.from({ length: n }, (_, i) => draw(space, SEED, i + 1));

describe('a drawn schedule', () => {
  const { config, space } = spaceWith();
  const drawn = many(space);

  test('can be run: every one passes what a scenario file has to', () => {
    for (const scenario of drawn) checkScenario(scenario, config, scenario.name);
    expect(drawn).toHaveLength(400);
  });

  test('depends on seed and number alone', () => {
    expect(draw(space, SEED, 17)).toEqual(drawn[16]);
    expect(draw(space, SEED + 1, 17)).not.toEqual(drawn[16]);
    expect(new Set(drawn.map(({ timeline }) => JSON.stringify(timeline))).size).toBeGreaterThan(390);
  });

  test('lies within the bounds', () => {
    const { leadMs, windowMs, faultsMax } = config.explore;
    for (const scenario of drawn) {
      const { timeline, traffic } = checkScenario(scenario, config, 'x');
      const { faultAtMs, healAtMs } = phasesOf(checkScenario(scenario, config, 'x'));
      expect(faultAtMs).toBe(leadMs);
      expect(healAtMs).toBeLessThanOrEqual(leadMs + windowMs);
      expect(timeline.length).toBeLessThanOrEqual(faultsMax);
      expect(traffic.ratePerSecond).toBeGreaterThanOrEqual(20);
      expect(traffic.ratePerSecond).toBeLessThanOrEqual(60);
    }
  });

  test('sends requests that meet each fault', () => {
    for (const { timeline, traffic } of drawn)
      for (const link of linksOf(timeline))
        expect(Object.keys(traffic.mix).some((name) => config.requests[name]?.needs.includes(link))).toBe(
          true,
        );
  });

  test('closes no listener twice at once: the first to heal would open it for both', () => {
    for (const { timeline } of drawn)
      for (const [i, a] of timeline.entries())
        for (const b of timeline.slice(i + 1)) {
          if (!('inject' in a) || !('inject' in b) || a.on !== b.on) continue;
          if (planeOf(a.inject.type) !== 'listener' || planeOf(b.inject.type) !== 'listener') continue;
          expect(b.at).toBeGreaterThan(a.at + (a.forMs ?? 0));
        }
  });

  test('all together they hold every kind that fits, overlapping and apart, on one link and on several', () => {
    const steps = drawn.flatMap(({ timeline }) => timeline);
    const types = new Set(steps.flatMap((step) => ('inject' in step ? [step.inject.type] : [])));
    const injectable = new Set(
      [...kindsFor('http'), ...kindsFor('postgres')].filter((kind) => planeOf(kind) !== 'process'),
    );
    expect([...types].toSorted()).toEqual([...injectable].toSorted());
    expect(steps.some((step) => 'process' in step)).toBe(false); // none of these processes is ours
    const overlaps = (scenario: (typeof drawn)[number]): boolean =>
      scenario.timeline.some((a, i) =>
        scenario.timeline.slice(i + 1).some((b) => 'forMs' in a && b.at < a.at + (a.forMs ?? 0)),
      );
    expect(drawn.filter(overlaps).length).toBeGreaterThan(80);
    expect(
      drawn.filter(({ timeline }) => timeline.length > 1).filter((one) => !overlaps(one)).length,
    ).toBeGreaterThan(20);
    expect(drawn.filter(({ timeline }) => linksOf(timeline).length > 1).length).toBeGreaterThan(40);
  });

  test('gives a breaker the time to close again', () => {
    expect(space.recoveryMs).toBeGreaterThan(800 * 1.25 + 200);
  });
});

test('of the declared times some faults lie below and some above', () => {
  const { space } = spaceWith({ faults: { api: ['latency'], db: [], other: [] } });
  const delays = many(space).flatMap(({ timeline }) =>
    timeline.flatMap((step) => ('inject' in step ? [Number(step.inject.attributes?.latency)] : [])),
  );
  expect(delays.filter((ms) => ms < 200).length).toBeGreaterThan(delays.length / 5);
  expect(delays.filter((ms) => ms > 200).length).toBeGreaterThan(delays.length / 10);
});

test('a link without a breaker is asked nothing of breakers, and bounds may ask what they will', () => {
  const { space } = spaceWith();
  expect(space.invariants.faulted.map(({ link }) => link)).toEqual(['api', 'api', 'api']);
  const timeline = [
    { at: 0, inject: { type: 'down' }, on: 'db' },
    { at: 0, inject: { type: 'down' }, on: 'api' },
  ];
  const asked = expectationsFor(
    { always: [{ check: 'a' }], faulted: [{ check: 'b' }, { check: 'c', link: 'api' }] },
    timeline,
  );
  expect(asked).toEqual([
    { check: 'a' },
    { check: 'b', link: 'db' },
    { check: 'b', link: 'api' },
    { check: 'c', link: 'api' },
  ]);
});

test.each([
  [{ faults: { aip: ['down'] } }, 'explore.faults: no link "aip"; did you mean "api"?'],
  [{ faults: { api: ['dwon'] } }, 'explore.faults.api: no kind of fault "dwon"; did you mean "down"?'],
  [{ faults: { api: [], db: [], other: [] } }, 'no link is left with a fault that can be injected here'],
  [{ faults: { api: ['process kill'], db: [], other: [] } }, 'no link is left'],
  [{ mix: { botj: 1 } }, 'explore.mix: no request "botj"; did you mean "both"?'],
  [{ mix: { both: 0 } }, 'explore.mix: no request has a weight above 0'],
])('bounds that name what there is not: %j', (explore, says) => {
  expect(() => spaceWith(explore)).toThrow(says);
});

test('every kind can be drawn by name', () => {
  expect(allKinds()).toEqual(
    expect.arrayContaining(['llm_empty_choices', 'embedding_wrong', 'process kill']),
  );
});
