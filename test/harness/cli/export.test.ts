import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { parse } from 'yaml';
import type { RunReport } from '../../../harness/report/results.ts';
import { Cleanup } from '../../support/sockets.ts';
import { REPOSITORY, Workshop } from '../../support/workshop.ts';

// A process takes half a second to start, and ten times that where other builds run beside it.
jest.setTimeout(120_000);

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function workshop(): Promise<Workshop> {
  const opened = await Workshop.open();
  cleanup.add(() => opened.close());
  return opened;
}

async function jobOf(shop: Workshop, ...args: string[]): Promise<Job> {
  const { stdout, code } = await shop.run('export', 'job', ...args);
  expect(code).toBe(0);
  const job = new Job(parse(stdout));
  job.validate();
  return job;
}

describe('tripcurve export job', () => {
  test('writes YAML that the schema of Kubernetes takes, named after the seed it draws', async () => {
    const shop = await workshop();
    await shop.scenario({ tags: ['nightly'] });
    const job = await jobOf(shop, '--tag', 'nightly');
    expect(job.metadata?.name).toMatch(/^tripcurve-\d+$/);
    const args = job.spec?.template.spec?.containers[0]?.args ?? [];
    expect(job.metadata?.name).toBe(`tripcurve-${args[args.indexOf('--seed') + 1]}`);
  });

  test('puts in what it is told', async () => {
    const shop = await workshop();
    await shop.scenario();
    const asked = {
      '--shards': '5',
      '--image': 'registry.example/qa/tripcurve:1',
      '--namespace': 'qa',
      '--name': 'night',
      '--seed': '7',
      '--deadline': '600',
      '--claim': 'reports',
    };
    const job = await jobOf(shop, ...Object.entries(asked).flat());
    expect(job).toMatchObject({
      metadata: { name: 'night', namespace: 'qa' },
      spec: { completions: 5, activeDeadlineSeconds: 600 },
    });
    expect(job.spec?.template.spec?.containers[0]).toMatchObject({
      image: 'registry.example/qa/tripcurve:1',
      args: ['night', '5', '--seed', '7', '--limit', '480'],
    });
  });

  test('has a command that, run for each index, runs every scenario once', async () => {
    const shop = await workshop();
    for (const name of ['a', 'b'])
      await shop.scenario({ name, tags: ['nightly'] }, `scenarios/${name}.scenario.ts`);
    await shop.scenario({ name: 'c' }, 'scenarios/c.scenario.ts');
    await symlink(path.join(REPOSITORY, 'bin'), path.join(shop.dir, 'bin'));
    const job = await jobOf(shop, '--tag', 'nightly', '--shards', '2', '--seed', '7');
    const { command = [], args = [] } = job.spec?.template.spec?.containers[0] ?? {};
    const [shell = '', ...words] = [...command, ...args];
    const { NODE_OPTIONS: _ours, ...env } = process.env;
    // The Node of this test, as an image would have only one.
    const PATH = `${path.dirname(process.execPath)}${path.delimiter}${env.PATH}`;
    const ran: string[][] = [];
    for (const [index, folder] of ['shard-1', 'shard-2'].entries()) {
      const pod = spawn(shell, words, {
        cwd: shop.dir,
        env: { ...env, PATH, JOB_COMPLETION_INDEX: String(index) },
        stdio: 'ignore',
      });
      await once(pod, 'close');
      const file = path.join(shop.dir, 'reports/tripcurve-7', folder, 'verdicts.json');
      const report = JSON.parse(await readFile(file, 'utf8')) as RunReport;
      expect(report).toMatchObject({ seed: 7, shard: { index: index + 1, total: 2 } });
      ran.push(report.scenarios.map(({ name }) => name));
    }
    expect(ran).toEqual([['a'], ['b']]);
    const folders = ['shard-1', 'shard-2'].map((folder) => `reports/tripcurve-7/${folder}`);
    const { stdout } = await shop.run('report', 'merge', ...folders);
    expect(stdout).toMatch(/, 0 not run in .*, seed 7$/m);
  });

  test.each([
    [['--shards', '0'], /--shards.*It must be a whole number from 1 to 1000/],
    [['--name', 'Night_1'], /--name.*'Night_1'.*It must begin with a letter/],
    [['--namespace', '-qa'], /--namespace/],
    [['--image', 'two words'], /--image.*It must be an image reference/],
    [['--deadline', '60'], /--deadline.*from 240/],
    [['--tag', 'nigthly'], /--tag nigthly: none of the 1 scenarios is left; their tags are nightly/],
  ])('%j is one sentence and exit 2', async (args, sentence) => {
    const shop = await workshop();
    await shop.scenario({ tags: ['nightly'] });
    const { code, stdout, stderr } = await shop.run('export', 'job', ...args);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(sentence);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('tripcurve export k6-operator', () => {
  test('writes a TestRun; it needs no config, for it is about load alone', async () => {
    const shop = await workshop();
    const { stdout, code } = await shop.run(
      'export',
      'k6-operator',
      '--url',
      'http://mimo:8080',
      '--script',
      'scripts/spike.js',
      '--runners',
      '4',
      '--name',
      'spike',
    );
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      kind: 'TestRun',
      metadata: { name: 'spike' },
      spec: { parallelism: 4, script: { configMap: { name: 'scripts', file: 'spike.js' } } },
    });
  });

  test.each([
    [[], /required option '--url <url>' not specified/],
    [['--url', 'mimo:8080'], /--url.*It must be an http or https URL/],
    [['--url', 'http://mimo', '--script', 'load.js'], /--script.*It must be the name of a config map/],
  ])('%j is one sentence and exit 2', async (args, sentence) => {
    const shop = await workshop();
    const { code, stderr } = await shop.run('export', 'k6-operator', ...args);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });
});
