/** The nightly workflow: linted as GitHub would take it, and its scripts run, job by job. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { findActionlint } from '../support/actionlint.ts';
import { installTools, runScript } from '../support/pipeline.ts';
import { Cleanup } from '../support/sockets.ts';
import { testWith } from '../support/toxiproxy.ts';
import { REPOSITORY, Workshop } from '../support/workshop.ts';

// A process takes half a second to start, and ten times that where other builds run beside it.
jest.setTimeout(120_000);

interface Step {
  name?: string;
  uses?: string;
  run?: string;
}
interface Workflow {
  jobs: Record<
    'plan' | 'shard' | 'mutants' | 'explore' | 'stryker' | 'report',
    { steps: Step[]; 'timeout-minutes': number }
  >;
}

const FILE = path.join(REPOSITORY, '.github/workflows/nightly.yml');
const text = await readFile(FILE, 'utf8');
const workflow = parse(text) as Workflow;
const actionlint = await findActionlint();

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** The script of a step. */
function script(job: keyof Workflow['jobs'], name: string): string {
  const run = workflow.jobs[job].steps.find((step) => step.name === name)?.run;
  if (run === undefined) throw new Error(`no step ${name} in job ${job}`);
  return run;
}

describe('the nightly workflow of GitHub', () => {
  testWith({ actionlint })('is one that actionlint has nothing to say about', async () => {
    const { binary } = actionlint as Exclude<typeof actionlint, string>;
    // Without the linters that it would call where they happen to be installed.
    const { stdout } = await promisify(execFile)(binary, [
      '-no-color',
      '-shellcheck=',
      '-pyflakes=',
      FILE,
    ]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  test('pins every action to a commit and names its version', () => {
    const uses = text.split('\n').filter((line) => /\buses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('never puts what a person types into a script', () => {
    for (const { steps } of Object.values(workflow.jobs))
      for (const { run } of steps) expect(run ?? '').not.toContain('${{');
  });

  test('runs the shards with one seed, merges them, and shows the summary', async () => {
    const shop = await Workshop.open();
    cleanup.add(() => shop.close());
    await installTools(shop);
    for (const name of ['a', 'b'])
      await shop.scenario({ name, tags: ['nightly'] }, `scenarios/${name}.scenario.ts`);
    await shop.scenario({ name: 'c' }, 'scenarios/c.scenario.ts');

    await shop.write('output', '');
    const output = path.join(shop.dir, 'output');
    const planned = await runScript(shop, script('plan', 'One seed for all shards'), {
      GITHUB_OUTPUT: output,
      SEED: '',
      TOTAL: '3',
    });
    expect(planned.stdout).toMatch(/^seed \d+, 3 shards$/m);
    const {
      seed = '',
      total,
      shards,
    } = Object.fromEntries(
      (await readFile(output, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split('=')),
    ) as Record<string, string>;
    expect([total, shards]).toEqual(['3', '[1,2,3]']);

    for (const shard of JSON.parse(shards ?? '') as number[]) {
      const ran = await runScript(shop, script('shard', 'Run'), {
        TAG: 'nightly',
        SEED: seed,
        SHARD: `${shard}/${total}`,
      });
      expect(ran.stdout).toMatch(new RegExp(`seed ${seed}, shard ${shard}/3$`, 'm'));
    }
    const merged = await runScript(shop, script('report', 'Merge'), {});
    expect(merged.stdout).toMatch(new RegExp(`, 0 not run in .*, seed ${seed}$`, 'm'));
    const GITHUB_STEP_SUMMARY = path.join(shop.dir, 'summary');
    await runScript(shop, script('report', 'Summary'), { GITHUB_STEP_SUMMARY });
    const summary = await readFile(GITHUB_STEP_SUMMARY, 'utf8');
    expect(summary).toMatch(/^## .* tripcurve: /);
    expect(summary.match(/^\| \S+ \| [a-z] \|/gm)).toHaveLength(2);
  });

  test('puts mutants to the suite with the same seed, and Stryker to work with a limit within its job', async () => {
    expect(script('mutants', 'Mutants')).toBe('npx tripcurve mutants --seed "$SEED" --out reports/mutants');
    const [, limitS = ''] = /--limit (\d+)$/.exec(script('stryker', 'Stryker')) ?? [];
    expect(Number(limitS)).toBeGreaterThan(0);
    expect(Number(limitS)).toBeLessThan(60 * workflow.jobs.stryker['timeout-minutes']);
  });

  test('draws other schedules every night, of a seed that repeats them, with a limit within its job', () => {
    const [, limitS = ''] =
      /explore --runs \d+ --seed "\$SEED" --limit (\d+) /.exec(script('explore', 'Explore')) ?? [];
    expect(Number(limitS)).toBeGreaterThan(0);
    expect(Number(limitS)).toBeLessThan(60 * workflow.jobs.explore['timeout-minutes']);
  });

  test('is red, and says which, when a shard left no report', async () => {
    const shop = await Workshop.open();
    cleanup.add(() => shop.close());
    await installTools(shop);
    await shop.scenario({ tags: ['nightly'] });
    for (const shard of [1, 2])
      await runScript(shop, script('shard', 'Run'), { TAG: 'nightly', SEED: '7', SHARD: `${shard}/2` });
    await rm(path.join(shop.dir, 'reports/shard-2'), { recursive: true });
    const { code } = await runScript(shop, script('report', 'Merge'), {});
    expect(code).toBe(2);
    const summary = await readFile(path.join(shop.dir, 'reports/nightly/summary.md'), 'utf8');
    expect(summary).toContain('**🚫 shard 2/2** not run');
  });
});
