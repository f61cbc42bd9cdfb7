/** A run in shards, merged, against the same run unsharded: through the command line, as CI does it. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Outcome } from '../../../harness/model/verdict.ts';
import { exitCodeOfReport } from '../../../harness/report/merge.ts';
import type { ReportedScenario, RunReport } from '../../../harness/report/results.ts';
import { type Finished, Workshop } from '../../support/workshop.ts';

// A process takes half a second to start, and ten times that where other builds run beside it.
jest.setTimeout(120_000);

const SHARDS = ['1/3', '2/3', '3/3'];
/** What each scenario comes to, in the order of a report. */
const OUTCOMES = new Map<string, Outcome>([
  ['tiny/also-holds', 'holds'],
  ['tiny/fails', 'fails'],
  ['tiny/holds', 'holds'],
  ['tiny/unclear', 'inconclusive'],
]);
const SHARD_DIRS = SHARDS.map((_, i) => `reports/s${i + 1}`);

let shop: Workshop;
let unsharded: Finished;
let shards: Finished[];
let merged: Finished;

beforeAll(async () => {
  shop = await Workshop.open();
  await shop.scenario({ name: 'tiny/holds', tags: ['nightly'] }, 'scenarios/a.scenario.ts');
  await shop.scenario(
    {
      name: 'tiny/fails',
      tags: ['nightly'],
      recovery: { withinMs: 700 },
      steadyState: [{ check: 'latency', percentile: 50, belowMs: 0.001 }],
    },
    'scenarios/b.scenario.ts',
  );
  await shop.scenario(
    {
      name: 'tiny/unclear',
      tags: ['nightly'],
      recovery: { withinMs: 900 },
      expect: [{ check: 'breaker-trips', link: 'dep' }],
    },
    'scenarios/c.scenario.ts',
  );
  await shop.scenario({ name: 'tiny/also-holds', tags: ['nightly'] }, 'scenarios/d.scenario.ts');
  await shop.scenario({ name: 'tiny/by-day' }, 'scenarios/e.scenario.ts');
  const nightly = ['run', '--tag', 'nightly', '--seed', '7', '--parallel', '2', '--out'];
  unsharded = await shop.run(...nightly, 'reports/whole');
  shards = [];
  for (const [i, shard] of SHARDS.entries())
    shards.push(await shop.run(...nightly, SHARD_DIRS[i] ?? '', '--shard', shard));
  // As a run leaves it on a machine that was too busy.
  await mkdir(path.join(shop.dir, 'reports/s2/tiny-also-holds~starved-9'));
  merged = await shop.run('report', 'merge', ...SHARD_DIRS, '--out', 'reports/merged');
}, 240_000);

afterAll(() => shop.close());

async function reportIn(folder: string): Promise<RunReport> {
  return JSON.parse(await readFile(path.join(shop.dir, folder, 'verdicts.json'), 'utf8')) as RunReport;
}

/** The rig says so itself, and takes back what then failed: on a machine shared with other builds it happens. */
function starved({ judgements }: ReportedScenario): boolean {
  return judgements.some(({ check }) => check === 'machine-kept-up');
}

/** Everything but times, what was measured in them, and outcomes of `excused` scenarios. */
function timeless(report: RunReport, excused: ReadonlySet<string> = new Set()): object {
  return {
    ...report,
    run: null,
    startedAt: null,
    totalMs: null,
    scenarios: report.scenarios.map((scenario) => {
      const shown = (outcome: Outcome): Outcome | null => (excused.has(scenario.name) ? null : outcome);
      return {
        ...scenario,
        outcome: shown(scenario.outcome),
        totalMs: null,
        bootMs: null,
        starvedRuns: null,
        judgements: scenario.judgements
          .filter(({ check }) => check !== 'machine-kept-up')
          .map(({ verdict, ...asked }) => ({
            ...asked,
            outcome: shown(verdict.outcome),
            numbers: Object.keys(verdict.numbers),
          })),
      };
    }),
  };
}

describe('a run in shards, merged', () => {
  test('says what the unsharded run said, in everything but times', async () => {
    const [whole, put] = [await reportIn('reports/whole'), await reportIn('reports/merged')];
    const excused = new Set([...whole.scenarios, ...put.scenarios].filter(starved).map(({ name }) => name));
    for (const { name, outcome } of put.scenarios)
      if (!excused.has(name)) expect([name, outcome]).toEqual([name, OUTCOMES.get(name)]);
    expect(put.scenarios.map(({ name }) => name)).toEqual([...OUTCOMES.keys()]);
    expect(timeless(put, excused)).toEqual(timeless(whole, excused));
  });

  test('exits as a run with these verdicts does, each shard for itself', async () => {
    const code = async (folder: string): Promise<number> => exitCodeOfReport(await reportIn(folder));
    expect(unsharded.code).toBe(await code('reports/whole'));
    expect(merged.code).toBe(await code('reports/merged'));
    for (const [i, shard] of shards.entries()) expect(shard.code).toBe(await code(SHARD_DIRS[i] ?? ''));
    expect(merged.code).toBe([1, 3, 0].find((one) => shards.some((shard) => shard.code === one)));
    expect(merged.stdout).toMatch(/^\d held, .* 0 not run in .*, seed 7$/m);
  });

  test('names its shard where it runs, with the seed that all share', () => {
    expect(shards[1]?.stdout).toMatch(/^run .*: 2 scenarios against tiny, seed 7, shard 2\/3$/m);
  });

  test('has the same cases in JUnit and the same rows in the summary', async () => {
    const read = (folder: string, file: string): Promise<string> =>
      readFile(path.join(shop.dir, folder, file), 'utf8');
    const cases = async (folder: string): Promise<string[]> =>
      ((await read(folder, 'junit.xml')).match(/<testcase classname="[^"]+" name="[^"]+"/g) ?? []).filter(
        (one) => !one.includes('machine-kept-up'),
      );
    expect(await cases('reports/merged')).toEqual(await cases('reports/whole'));
    const rows = async (folder: string): Promise<string[]> =>
      [...(await read(folder, 'summary.md')).matchAll(/^\| \S+ \| (tiny\S+) \|/gm)].map(
        ([, name = '']) => name,
      );
    expect(await rows('reports/merged')).toEqual(await rows('reports/whole'));
    expect(await rows('reports/merged')).toEqual([...OUTCOMES.keys()]);
    expect((await read('reports/merged', 'report.html')).match(/<svg viewBox="0 0 1000/g)).toHaveLength(4);
  });

  test('is a folder that stands by itself: its histories can be judged again, starved runs are kept', async () => {
    const again = await shop.run('check', 'reports/merged/tiny-holds/history.ndjson', '--json');
    const recorded = (await reportIn('reports/merged')).scenarios.find(({ name }) => name === 'tiny/holds');
    expect(JSON.parse(again.stdout)[0].judgements).toEqual(recorded?.judgements);
    expect(await readdir(path.join(shop.dir, 'reports/merged'))).toContain('tiny-also-holds~starved-9');
  });

  test('is not green while a shard is missing', async () => {
    const { stdout, code } = await shop.run(
      'report',
      'merge',
      ...SHARD_DIRS.slice(1),
      '--out',
      'reports/part',
    );
    expect(stdout).toMatch(/✗ shard 1\/3 +not run +left no report/);
    expect(code).toBe(2);
  });

  test('prints the merged verdicts as JSON, and nothing else, with --json', async () => {
    const { stdout } = await shop.run('report', 'merge', ...SHARD_DIRS, '--json');
    expect(timeless(JSON.parse(stdout))).toEqual(timeless(await reportIn('reports/merged')));
  });

  test('takes a shard that is empty because there are more shards than scenarios', async () => {
    const { stdout, code } = await shop.run(
      'run',
      '--tag',
      'nightly',
      '--shard',
      '9/9',
      '--out',
      'reports/s9',
    );
    expect(stdout).toMatch(/^shard 9\/9 is empty: there are fewer scenarios than shards$/m);
    expect(code).toBe(0);
    expect(await reportIn('reports/s9')).toMatchObject({ scenarios: [], shard: { index: 9, total: 9 } });
  });
});

describe('refused in one sentence, exit 2', () => {
  /** A copy of the first shard's report, changed. */
  async function changed(name: string, change: (text: string) => string): Promise<string> {
    const folder = `reports/${name}`;
    await cp(path.join(shop.dir, SHARD_DIRS[0] ?? ''), path.join(shop.dir, folder), { recursive: true });
    const file = path.join(shop.dir, folder, 'verdicts.json');
    await writeFile(file, change(await readFile(file, 'utf8')));
    return folder;
  }

  test.each<[string, () => Promise<string[]>, RegExp]>([
    ['no folder', async () => [], /missing required argument 'run-folder'/],
    [
      'a folder that is none of a run',
      async () => ['scenarios'],
      /scenarios: is not the folder of a run: ENOENT/,
    ],
    [
      'a report that was cut off',
      async () => [await changed('cut', (text) => text.slice(0, 50))],
      /reports\/cut\/verdicts\.json: not JSON; was the file cut off\?/,
    ],
    [
      'a report with a field missing',
      async () => [await changed('lacking', (text) => text.replace('"outcome"', '"outcom"'))],
      /reports\/lacking\/verdicts\.json: scenarios\[0\]\.outcome must be one of "holds".*got nothing/,
    ],
    [
      'a report that points out of its folder',
      async () => [await changed('sly', (text) => text.replace(/"history": "/, '"history": "../'))],
      /scenarios\[0\]\.history: must be a path inside the folder of the run/,
    ],
    [
      'a report whose history is gone',
      async () => [await changed('bare', (text) => text.replace(/"history": "/, '"history": "no/'))],
      /reports\/bare\/no\/.*history\.ndjson: cannot be read: ENOENT/,
    ],
    ['the same shard twice', async () => [SHARD_DIRS[0] ?? '', SHARD_DIRS[0] ?? ''], /is in .* and again in/],
    [
      'another seed',
      async () => [
        SHARD_DIRS[1] ?? '',
        await changed('seed', (text) => text.replaceAll('"seed": 7', '"seed": 8')),
      ],
      /reports\/seed has seed 8, but reports\/s2 has 7; give every shard the same --seed/,
    ],
    [
      'a folder in which something lies',
      async () => [...SHARD_DIRS, '--out', 'reports/whole'],
      /--out .*reports\/whole: it is not empty; name a new folder/,
    ],
  ])('%s', async (_what, args, sentence) => {
    const { code, stderr } = await shop.run('report', 'merge', ...(await args()));
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });
});
