/** The search itself, over runs that are made up: what it concludes, repeats, makes smaller and writes. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { draw, type Space, spaceOf } from '../../../harness/explore/draw.ts';
import { type ExploreOptions, explore, type Finding } from '../../../harness/explore/explore.ts';
import { shownBy, tally } from '../../../harness/explore/findings.ts';
import { fileFor, scenarioText } from '../../../harness/explore/written.ts';
import { Config } from '../../../harness/model/config.ts';
import type { ScenarioInput } from '../../../harness/model/scenario.ts';
import type { Judgement, Outcome } from '../../../harness/model/verdict.ts';
import { checkScenario } from '../../../harness/scenario/load.ts';

const link = { protocol: 'http', dependency: { address: '127.0.0.1:1' } };
const config = Config.parse({
  target: { name: 'x', start: { command: ['x'] } },
  links: { a: link, b: link },
  requests: { one: { method: 'GET', path: '/', needs: ['a', 'b'] } },
});
const invariants = {
  always: [{ check: 'deadline-respected' }],
  faulted: [{ check: 'silent-while-open' }],
};
const space: Space = spaceOf(config, 'fast', {}, invariants, () => null);

const options: ExploreOptions = {
  runs: 40,
  seed: 3,
  parallel: 1,
  untilFound: false,
  shrinkRuns: 100,
  signal: new AbortController().signal,
};
const silence = { ran: () => {}, shrinking: () => {}, found: () => {} };

function judgement(check: string, outcome: Outcome, of: Partial<Judgement> = {}): Judgement {
  return {
    check,
    part: 'expect',
    verdict: { outcome, says: `${check} ${outcome}`, numbers: {}, cites: [] },
    ...of,
  };
}

/** Verdicts on what a scenario asks, where one invariant is broken by a rule. */
function judged(scenario: ScenarioInput, breaks: (scenario: ScenarioInput) => string | null): Judgement[] {
  const broken = breaks(scenario);
  return scenario.expect.map(({ check, link: on }) =>
    judgement(
      check,
      broken === `${check} ${on ?? ''}`.trim() ? 'fails' : 'holds',
      on === undefined ? {} : { link: on },
    ),
  );
}

/** Broken wherever the link `a` is reset. */
const resetBreaks = ({ timeline }: ScenarioInput): string | null =>
  timeline.some((step) => 'inject' in step && step.on === 'a' && step.inject.type === 'reset_peer')
    ? 'silent-while-open a'
    : null;

describe('a search', () => {
  test('makes one finding of all schedules that break the same, and the smallest scenario of it', async () => {
    const runs: string[] = [];
    const explored = await explore(
      space,
      options,
      async (scenario, folder) => {
        runs.push(folder);
        return judged(scenario, resetBreaks);
      },
      silence,
    );
    expect(explored.ran.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const breaking = explored.ran.filter(({ broken }) => broken.length > 0).map(({ index }) => index);
    expect(breaking.length).toBeGreaterThan(1);
    const [finding, ...others] = explored.findings as [Finding, ...Finding[]];
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      check: 'silent-while-open',
      link: 'a',
      again: { seen: 1, of: 1 },
      isSmallest: true,
      scenario: {
        timeline: [{ on: 'a', inject: { type: 'reset_peer' }, forMs: 100 }],
        expect: [{ check: 'silent-while-open', link: 'a' }],
      },
    });
    expect(finding.schedules.toSorted((a, b) => a - b)).toEqual(breaking);
    expect(finding.kept).toEqual({ seen: 3, of: 3 });
    // One run to see it again, those that made it smaller, and those of what is kept.
    expect(runs.filter((folder) => folder.startsWith('silent-while-open-a/'))).toHaveLength(
      1 + finding.shrinkRuns + 3,
    );
  });

  test('its finding is a scenario file that can be kept as it is', async () => {
    const { findings } = await explore(
      space,
      options,
      async (scenario) => judged(scenario, resetBreaks),
      silence,
    );
    const [finding] = findings as [Finding];
    const text = scenarioText(finding, options.seed);
    const kept = checkScenario(parse(text), config, fileFor(finding));
    expect(kept.name).toBe(`explored/silent-while-open-a-3-${finding.from}`);
    expect(kept.about).toContain(`--seed 3, schedule ${finding.from}): silent-while-open fails.`);
    expect(kept.about).toMatch(/in 3 of 3 runs\.$/);
    expect(kept.timeline).toHaveLength(1);
    expect(fileFor(finding)).toBe('silent-while-open-a.scenario.yaml');
  });

  test('keeps what breaks every time, where the smallest does so by a hair', async () => {
    let kept = 0;
    const { findings } = await explore(
      space,
      options,
      async (scenario) =>
        judged(scenario, (one) => {
          const [step] = one.timeline;
          const isShort = step !== undefined && 'forMs' in step && step.forMs === 100;
          // As short as can be it breaks while it is made smaller, and never again.
          if (one.name.startsWith('explored/') && isShort && one.timeline.length === 1) {
            kept++;
            return null;
          }
          return resetBreaks(one);
        }),
      silence,
    );
    const [finding] = findings as [Finding];
    expect(kept).toBeGreaterThan(0);
    expect(finding.kept).toEqual({ seen: 3, of: 3 });
    const [step] = finding.scenario.timeline;
    expect(step !== undefined && 'forMs' in step && step.forMs).toBeGreaterThan(100);
  });

  test('that finds nothing says how often each invariant was put to the test', async () => {
    const { findings, tally: rows } = await explore(
      space,
      options,
      async (scenario) =>
        judged(scenario, () => null).map((one) =>
          one.link === 'b' ? { ...one, verdict: { ...one.verdict, outcome: 'inconclusive' as const } } : one,
        ),
      silence,
    );
    expect(findings).toEqual([]);
    const row = (name: string) => rows.find(({ check, link: on }) => `${check} ${on ?? ''}`.trim() === name);
    expect(row('deadline-respected')).toMatchObject({ asked: 40, tested: 40, broken: 0 });
    expect(row('silent-while-open b')).toMatchObject({ tested: 0, broken: 0 });
    expect(row('silent-while-open b')?.asked).toBeGreaterThan(5);
  });

  test('says of what does not break again that it was seen once, and leaves it as it was found', async () => {
    let broke = false;
    const { findings } = await explore(
      space,
      options,
      async (scenario) =>
        judged(scenario, (one) => {
          if (broke || resetBreaks(one) === null) return null;
          broke = true;
          return 'silent-while-open a';
        }),
      silence,
    );
    const [finding] = findings as [Finding];
    expect(finding).toMatchObject({ again: { seen: 0, of: 3 }, shrinkRuns: 0 });
    expect(finding.scenario.timeline).toEqual(draw(space, options.seed, finding.from).timeline);
    expect(scenarioText(finding, 3).replaceAll(/\s+/g, ' ')).toContain('did not do so again in 3 repeats');
  });

  test('can end at the first finding, and leave it as it is', async () => {
    const { ran, findings } = await explore(
      space,
      { ...options, untilFound: true, shrinkRuns: 0 },
      async (scenario) => judged(scenario, resetBreaks),
      silence,
    );
    expect(ran.filter(({ broken }) => broken.length > 0)).toHaveLength(1);
    expect(ran.at(-1)?.broken).toHaveLength(1);
    expect(findings[0]).toMatchObject({ from: ran.length, again: { of: 0 }, shrinkRuns: 0 });
  });

  test('runs as many at a time as it is told', async () => {
    let now = 0;
    let most = 0;
    await explore(
      space,
      { ...options, parallel: 4, runs: 12 },
      async (scenario) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        return judged(scenario, () => null);
      },
      silence,
    );
    expect(most).toBe(4);
  });

  test('ends when it is told to, and when a schedule cannot be run', async () => {
    const stop = new AbortController();
    const stopped = explore(
      space,
      { ...options, signal: stop.signal },
      async (scenario) => {
        stop.abort();
        return judged(scenario, () => null);
      },
      silence,
    );
    await expect(stopped).rejects.toThrow('stopped before its end');
    const failed = explore(space, options, () => Promise.reject(new Error('no such port')), silence);
    await expect(failed).rejects.toThrow('no such port');
  });
});

describe('what a schedule shows', () => {
  test('is nothing where the load did not go as planned, or all was not well before', () => {
    for (const unfit of [
      judgement('load-on-schedule', 'inconclusive', { part: 'always' }),
      judgement('machine-kept-up', 'inconclusive', { part: 'always' }),
      judgement('success-ratio', 'fails', { part: 'steady state before' }),
    ]) {
      const shown = shownBy([unfit, judgement('exactly-once', 'fails')]);
      expect(shown).toMatchObject({ tested: [], broken: [] });
      expect(shown.unfit).toContain(unfit.check);
    }
  });

  test('is what was judged: a fault that hit nothing takes nothing from it, and all must be well again', () => {
    const shown = shownBy([
      judgement('success-ratio', 'holds', { part: 'steady state before' }),
      judgement('exactly-once', 'inconclusive'),
      judgement('success-ratio', 'fails', { part: 'steady state after' }),
      judgement('faults-hit', 'inconclusive', { part: 'always' }),
      judgement('nothing-crashed', 'holds', { part: 'always' }),
    ]);
    expect(shown.unfit).toBeNull();
    expect(shown.broken.map(({ check, part }) => [check, part])).toEqual([
      ['success-ratio', 'steady state after'],
    ]);
    expect(shown.tested.map(({ check }) => check)).toEqual(['success-ratio', 'nothing-crashed']);
    expect(tally([shown, shown])).toContainEqual({
      check: 'exactly-once',
      link: undefined,
      asked: 2,
      tested: 0,
      broken: 0,
    });
  });
});
