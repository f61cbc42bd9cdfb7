import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, processesWith } from '../../support/processes.ts';
import { Cleanup, listen } from '../../support/sockets.ts';
import { tinyScenario, tripcurve, Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function workshop(env: Record<string, string> = {}): Promise<Workshop> {
  const opened = await Workshop.open(env);
  cleanup.add(() => opened.close());
  return opened;
}

describe('tripcurve run', () => {
  test('exits 0 when all held, prints a line per scenario, and leaves a report', async () => {
    const shop = await workshop();
    await shop.scenario();
    const { code, stdout } = await shop.run('run', '--seed', '7');
    expect(stdout).toMatch(/^run .*1 scenarios against tiny, seed 7$/m);
    expect(stdout).toMatch(/^✓ tiny\/errors +holds +\d+\.\d s {2}\d+ of \d+ requests succeeded/m);
    expect(stdout).toMatch(/^1 held, 0 failed, 0 inconclusive, 0 not run in .* seed 7$/m);
    expect(code).toBe(0);
    const [run = ''] = await readdir(path.join(shop.dir, 'reports'));
    expect((await readdir(path.join(shop.dir, 'reports', run))).sort()).toEqual([
      'junit.xml',
      'report.html',
      'summary.md',
      'tiny-errors',
      'verdicts.json',
    ]);
    const junit = await readFile(path.join(shop.dir, 'reports', run, 'junit.xml'), 'utf8');
    expect(junit).toMatch(/<testsuite name="tiny\/errors" tests="7" failures="0" errors="0"/);
  }, 30_000);

  test('exits 1 when a verdict failed, and says which', async () => {
    const shop = await workshop();
    await shop.scenario({ steadyState: [{ check: 'latency', percentile: 50, belowMs: 0.001 }] });
    let { code, stdout } = await shop.run('run');
    // Beside other tests the machine may be too busy for a failure to count; that is not what is under test.
    for (let again = 0; again < 5 && stdout.includes('too busy'); again++)
      ({ code, stdout } = await shop.run('run'));
    expect(stdout).toMatch(/✗ fails latency \(steady state before\): p50 latency/);
    expect(code).toBe(1);
  }, 120_000);

  test('exits 3 when something was inconclusive', async () => {
    const shop = await workshop();
    await shop.scenario({ expect: [{ check: 'breaker-trips', link: 'dep' }] });
    const { code, stdout } = await shop.run('run');
    expect(stdout).toMatch(
      /\? inconclusive breaker-trips \(expect\): the target declares no policy for link dep/,
    );
    expect(code).toBe(3);
  }, 30_000);

  test('exits 4 on Ctrl-C, with every process gone', async () => {
    const shop = await workshop();
    await shop.scenario({ recovery: { withinMs: 60_000 } });
    const started = tripcurve(shop.dir, 'run');
    const line = await started.printed(/^run /);
    const run = /^run (\S+):/.exec(line)?.[1] ?? '';
    await eventually('the host to run', 10_000, async () => (await processesWith(run)).length > 0);
    started.process.kill('SIGINT');
    const { code, stderr } = await started.finished;
    expect(stderr).toMatch(/SIGINT: lifting every fault/);
    expect(stderr).toMatch(/stopped by a person; every fault was lifted/);
    expect(code).toBe(4);
    expect(await processesWith(run)).toEqual([]);
  }, 30_000);

  test('exits 4 when the guard --limit stops it', async () => {
    const shop = await workshop();
    await shop.scenario({ recovery: { withinMs: 60_000 } });
    const { code, stderr, stdout } = await shop.run('run', '--limit', '2');
    expect(stderr).toMatch(/stopped by the guard --limit 2; every fault was lifted/);
    expect(stdout).toMatch(/not run +tiny\/errors: stopped before its end/);
    expect(code).toBe(4);
  }, 30_000);

  test('prints JSON and nothing else on stdout with --json', async () => {
    const shop = await workshop();
    await shop.scenario();
    const { stdout, code } = await shop.run('run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ scenarios: [{ name: 'tiny/errors', outcome: 'holds' }] });
    expect(code).toBe(0);
  }, 30_000);

  test('says what the target said when it does not start', async () => {
    const shop = await workshop({ CRASH: 'no licence file' });
    await shop.scenario();
    const { code, stdout } = await shop.run('run');
    expect(stdout).toMatch(/not run +tiny ended \(code 7\) before announcing its address: no licence file/);
    expect(code).toBe(2);
  }, 30_000);

  test('says so when the target’s port is taken', async () => {
    const taken = await listen(cleanup, net.createServer());
    const shop = await workshop({ PORT: String(taken) });
    await shop.scenario();
    const { code, stdout } = await shop.run('run');
    expect(stdout).toMatch(/EADDRINUSE: address already in use/);
    expect(code).toBe(2);
  }, 30_000);
});

describe('tripcurve check', () => {
  test('judges a history again and comes to the same verdicts', async () => {
    const shop = await workshop();
    await shop.scenario();
    await shop.run('run');
    const [run = ''] = await readdir(path.join(shop.dir, 'reports'));
    const dir = path.join('reports', run, 'tiny-errors');
    const { stdout, code } = await shop.run('check', path.join(dir, 'history.ndjson'), '--json');
    const recorded = JSON.parse(await readFile(path.join(shop.dir, dir, 'verdicts.json'), 'utf8'));
    expect(JSON.parse(stdout)[0].judgements).toEqual(recorded.judgements);
    expect(code).toBe(0);
  }, 30_000);

  test.each([
    ['none.ndjson', undefined, /none\.ndjson: cannot be read: ENOENT/],
    ['bad.ndjson', 'not json\n', /bad\.ndjson:1: not a line of JSON/],
  ])('of %s is one sentence and exit 2', async (file, text, sentence) => {
    const shop = await workshop();
    if (text !== undefined) await shop.write(file, text);
    const { code, stderr } = await shop.run('check', file);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  });
});

describe('bad input to tripcurve run', () => {
  const scenario = (change: object): [object, string[]] => [change, []];
  test.each<[string, [object, string[]], RegExp]>([
    [
      'an unknown path',
      [{}, ['scenarios/tinny.scenario.ts']],
      /scenarios\/tinny\.scenario\.ts: no scenario there .*; did you mean scenarios\/tiny\.scenario\.ts\?/,
    ],
    [
      'an unknown mutant',
      [{}, ['--mutant', 'none-suhc']],
      /--mutant: no mutant "none-suhc"; did you mean "none-such"\?/,
    ],
    ['a bad seed', [{}, ['--seed', '-1']], /--seed/],
    [
      'a shard beyond the last',
      [{}, ['--shard', '4/3']],
      /--shard.*'4\/3'.*It must be i\/n, from 1\/n to n\/n/,
    ],
    ['a shard 0', [{}, ['--shard', '0/3']], /--shard/],
    ['a shard without a total', [{}, ['--shard', '2']], /--shard/],
    ['an empty tag', [{}, ['--tag', '!']], /--tag.*It must be a tag, or ! and a tag/],
    [
      'a tag that nothing has',
      [{ tags: ['quick'] }, ['--tag', 'nightly']],
      /--tag nightly: none of the 1 scenarios is left; their tags are quick/,
    ],
    [
      'a rate below zero',
      scenario({ traffic: { ...tinyScenario.traffic, ratePerSecond: -5 } }),
      /tiny\.scenario\.ts: traffic\.ratePerSecond must be above 0, got -5/,
    ],
    [
      'an unknown key',
      scenario({ recoverry: 1 }),
      /tiny\.scenario\.ts: unknown key "recoverry"; did you mean "recovery"\?/,
    ],
    [
      'a missing field',
      scenario({ recovery: undefined }),
      /tiny\.scenario\.ts: recovery must be an object, got nothing/,
    ],
    [
      'an unknown link',
      scenario({ timeline: [{ at: 0, inject: { type: 'down' }, on: 'dpe' }] }),
      /timeline\[0\]\.on: no link "dpe"; did you mean "dep"\?/,
    ],
    [
      'an unknown disturbance',
      scenario({ timeline: [{ at: 100, disturb: 'lock', on: 'dep' }] }),
      /timeline\[0\]\.disturb: no disturbance "lock"; (one of|did you mean|the config has none)/,
    ],
    [
      'an unknown fault',
      scenario({ timeline: [{ at: 0, inject: { type: 'dwon' }, on: 'dep' }] }),
      /timeline\[0\]\.inject: unknown fault type "dwon"; did you mean "down"\?/,
    ],
    [
      'a bad attribute',
      scenario({
        timeline: [{ at: 0, inject: { type: 'latency', attributes: { latency: 'slow' } }, on: 'dep' }],
      }),
      /timeline\[0\]\.inject: attributes: latency must be a number, got "slow"/,
    ],
    [
      'an unknown reading',
      scenario({ expect: [{ check: 'reading-bounded', reading: 'queue', atMost: 9 }] }),
      /expect\[0\]: no reading "queue"; the config names none \(target\.readings\)/,
    ],
    [
      'an unknown check',
      scenario({ expect: [{ check: 'breaker-trip', link: 'dep' }] }),
      /expect\[0\]\.check: unknown check "breaker-trip"; did you mean "breaker-trips"\?/,
    ],
    [
      'a bad parameter',
      scenario({ expect: [{ check: 'success-ratio', atLeast: 2 }] }),
      /expect\[0\]: atLeast must be at most 1, got 2/,
    ],
    [
      'an unknown request',
      scenario({ traffic: { ratePerSecond: 1, mix: { wrok: 1 } } }),
      /traffic\.mix: no request "wrok"; did you mean "work"\?/,
    ],
    ['no fault at all', scenario({ timeline: [{ at: 0, heal: 'all' }] }), /timeline injects nothing/],
  ])('%s is one sentence and exit 2', async (_what, [change, args], sentence) => {
    const shop = await workshop();
    await shop.scenario(change);
    const { code, stderr, stdout } = await shop.run('run', ...args);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(sentence);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('a folder without a config is one sentence and exit 2', async () => {
    const { code, stderr } = await tripcurve(path.dirname(process.execPath), 'run').finished;
    expect(stderr).toMatch(
      /no tripcurve\.config\.ts \(or \.yaml, \.json\) in .*; run tripcurve in the folder that has one/,
    );
    expect(code).toBe(2);
  });

  test('a scenario file that does not parse is told with its name', async () => {
    const shop = await workshop();
    await shop.write('scenarios/broken.scenario.ts', 'export default {');
    const { code, stderr } = await shop.run('list');
    expect(stderr).toMatch(/scenarios\/broken\.scenario\.ts: cannot be loaded: /);
    expect(code).toBe(2);
  });
});

describe('the other commands', () => {
  test('list shows links, faults, length and tags', async () => {
    const shop = await workshop();
    await shop.scenario({ tags: ['quick'] });
    const { stdout, code } = await shop.run('list');
    expect(stdout).toMatch(/tiny\/errors +dep +http_status +1\.5 s +quick/);
    expect(code).toBe(0);
  });

  test('list shows what a tag and a shard would run', async () => {
    const shop = await workshop();
    for (const name of ['a', 'b', 'c'])
      await shop.scenario({ name, tags: name === 'c' ? [] : ['quick'] }, `scenarios/${name}.scenario.ts`);
    const tagged = await shop.run('list', '--tag', 'quick', '--json');
    expect(JSON.parse(tagged.stdout)).toMatchObject([
      { scenario: { name: 'a' } },
      { scenario: { name: 'b' } },
    ]);
    const shard = await shop.run('list', '--tag', 'quick', '--shard', '2/2', '--json');
    expect(JSON.parse(shard.stdout)).toMatchObject([{ scenario: { name: 'b' } }]);
  });

  test('doctor finds what a run needs', async () => {
    const shop = await workshop();
    const { stdout, code } = await shop.run('doctor');
    expect(stdout).toMatch(/✓ Node/);
    expect(stdout).toMatch(/✓ config +target tiny, links dep/);
    expect(stdout).toMatch(/✓ PostgreSQL +postgres \(PostgreSQL\) 18/);
    expect(code).toBe(0);
  });

  test.each([
    [['--help']],
    [['run', '--help']],
    [['list', '--help']],
    [['check', '--help']],
    [['mutants', '--help']],
    [['doctor', '--help']],
    [['schema', '--help']],
    [['sweep', '--help']],
    [['report', '--help']],
    [['report', 'merge', '--help']],
    [['heal', '--help']],
    [['export', '--help']],
    [['export', 'job', '--help']],
    [['export', 'k6-operator', '--help']],
  ])('%j explains itself and exits 0', async (args) => {
    const { stdout, code } = await tripcurve('.', ...args).finished;
    expect(stdout).toMatch(/^Usage: tripcurve/);
    expect(code).toBe(0);
  });

  test('an unknown command suggests the one that was meant', async () => {
    const { stderr, code } = await tripcurve('.', 'rnu').finished;
    expect(stderr).toMatch(/unknown command 'rnu'[\s\S]*run/);
    expect(code).toBe(2);
  });
});
