/** The GitLab pipeline: checked by GitLab's own schema, as gitlab-ci-local carries it, and its scripts run. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { installTools, runScript } from '../support/pipeline.ts';
import { Cleanup } from '../support/sockets.ts';
import { type Finished, REPOSITORY, Workshop } from '../support/workshop.ts';

// A process takes half a second to start, and ten times that where other builds run beside it.
jest.setTimeout(120_000);

interface Job {
  script: string[];
  after_script?: string[];
  parallel?: number;
  artifacts: { paths: string[]; reports: { dotenv?: string; junit?: string } };
}

const text = await readFile(path.join(REPOSITORY, 'examples/ci/gitlab-ci.yml'), 'utf8');
const { plan, shard, report } = parse(text) as Record<'plan' | 'shard' | 'report', Job>;
const GITLAB_CI_LOCAL = path.join(REPOSITORY, 'node_modules/gitlab-ci-local/dist/index.js');

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function workshop(): Promise<Workshop> {
  const opened = await Workshop.open();
  cleanup.add(() => opened.close());
  return opened;
}

/** The jobs of a pipeline; rejects where GitLab's schema does not take it. */
async function listed(yaml: string): Promise<{ name: string; needs?: { job: string }[] }[]> {
  const shop = await workshop();
  await shop.write('.gitlab-ci.yml', yaml);
  const git = (...args: string[]): Promise<unknown> => promisify(execFile)('git', args, { cwd: shop.dir });
  await git('init', '-q');
  await git('remote', 'add', 'origin', 'https://gitlab.example/qa/project.git');
  const { NODE_OPTIONS: _ours, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [GITLAB_CI_LOCAL, '--list-json', '--home', shop.dir],
    { cwd: shop.dir, env },
  );
  return JSON.parse(stdout);
}

function scriptOf(shop: Workshop, lines: readonly string[], env: Record<string, string>): Promise<Finished> {
  return runScript(shop, lines.join('\n'), env);
}

describe('the nightly pipeline of GitLab', () => {
  test('is one by the schema of GitLab, with a job for each shard', async () => {
    const jobs = await listed(text);
    expect(jobs.map(({ name }) => name)).toEqual([
      'plan',
      'shard: [1/3]',
      'shard: [2/3]',
      'shard: [3/3]',
      'mutants',
      'stryker',
      'report',
    ]);
    expect(jobs.at(-1)?.needs).toEqual([{ job: 'shard', artifacts: true, optional: false }]);
  });

  test.each([
    ['parallel: 3', 'parallel: three'],
    ['expire_in:', 'expires_in:'],
    ['junit:', 'junitt:'],
  ])('would be refused by that schema if for "%s" it said "%s"', async (right, wrong) => {
    expect(text).toContain(right);
    await expect(listed(text.replace(right, wrong))).rejects.toThrow(/json-schema-validation/);
  });

  test('runs the shards with one seed, merges them, and shows the summary', async () => {
    const shop = await workshop();
    await installTools(shop);
    for (const name of ['a', 'b'])
      await shop.scenario({ name, tags: ['nightly'] }, `scenarios/${name}.scenario.ts`);
    await shop.scenario({ name: 'c' }, 'scenarios/c.scenario.ts');

    const planned = await scriptOf(shop, plan.script, {});
    expect(planned.code).toBe(0);
    const handed = await readFile(path.join(shop.dir, plan.artifacts.reports.dotenv ?? ''), 'utf8');
    const [, seed = ''] = /^RUN_SEED=(\d+)\n$/.exec(handed) ?? [];
    expect(planned.stdout).toContain(`seed ${seed}\n`);

    const total = String(shard.parallel);
    for (const index of ['1', '2', '3']) {
      const ran = await scriptOf(shop, shard.script, {
        TAG: 'nightly',
        RUN_SEED: seed,
        CI_NODE_INDEX: index,
        CI_NODE_TOTAL: total,
      });
      expect(ran.stdout).toMatch(new RegExp(`seed ${seed}, shard ${index}/3$`, 'm'));
    }
    const merged = await scriptOf(shop, report.script, {});
    expect(merged.stdout).toMatch(new RegExp(`, 0 not run in .*, seed ${seed}$`, 'm'));
    const { stdout } = await scriptOf(shop, report.after_script ?? [], {});
    expect(stdout.match(/^\| \S+ \| [a-z] \|/gm)).toHaveLength(2);
    const junit = path.join(shop.dir, report.artifacts.reports.junit ?? '');
    expect(await readFile(junit, 'utf8')).toMatch(/<testsuite name="a"/);
  });

  test('takes the seed that a person gives it', async () => {
    const shop = await workshop();
    const { stdout } = await scriptOf(shop, plan.script, { SEED: '42' });
    expect(stdout).toBe('seed 42\n');
  });
});
