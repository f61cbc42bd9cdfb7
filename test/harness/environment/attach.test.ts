/** `--env attach` against a real Toxiproxy that belongs to somebody else. */
import { glob, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  ASLEEP,
  FOREIGN,
  PROXY,
  post,
  type Scene,
  scene,
  slowThenCut,
  workshop,
} from '../../support/attached.ts';
import { processesWith } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { NEW, OLD, type RealToxiproxy, realToxiproxy } from '../../support/toxiproxy.ts';

/** Starting the command line takes seconds on a busy machine. */
const CLI_LIMIT_MS = 30_000;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const found = await realToxiproxy(NEW);
const old = await realToxiproxy(OLD);
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;
const toxiproxy: RealToxiproxy = typeof found === 'string' ? { version: NEW, server: '', cli: null } : found;

/** As it was before anybody came. */
async function isAsFound({ proxies, shop }: Scene): Promise<void> {
  const now = await proxies();
  expect(now[PROXY]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
  expect(now[ASLEEP]).toMatchObject({ enabled: false, toxics: [] });
  expect(await readdir(path.join(shop.dir, '.tripcurve', 'attach')).catch(() => [])).toEqual([]);
}

here(`attached to a Toxiproxy of somebody else's${why}`, () => {
  test.each([
    [NEW, found],
    [OLD, old],
  ])(
    'alone (%s): what the entry shows is judged, what needs the wire is inconclusive and says why',
    async (_version, real) => {
      if (typeof real === 'string') return; // the build of the old one failed; the new one's says why
      const there = await scene(cleanup, { toxiproxy: real });
      await there.shop.scenario(slowThenCut);
      const { stdout, code } = await there.shop.run('run', '--env', 'attach', '--json');
      const [{ judgements }] = JSON.parse(stdout).scenarios;
      const of = (check: string, part: string) =>
        judgements.find((one: { check: string; part: string }) => one.check === check && one.part === part)
          .verdict;
      expect(of('success-ratio', 'steady state before')).toMatchObject({ outcome: 'holds' });
      expect(of('success-ratio', 'steady state after')).toMatchObject({ outcome: 'holds' });
      expect(of('nothing-left', 'always')).toMatchObject({ outcome: 'holds' });
      expect(of('nothing-crashed', 'always')).toMatchObject({ outcome: 'holds' });
      expect(of('faults-hit', 'always')).toMatchObject({
        outcome: 'inconclusive',
        says: expect.stringMatching(
          /^nobody watches the links: a Toxiproxy alone does not tell what passes it/,
        ),
      });
      expect(code).toBe(3);
      await isAsFound(there);
    },
    60_000,
  );

  test('with links of ours before it: the same evidence as anywhere', async () => {
    const there = await scene(cleanup, { toxiproxy, watched: true });
    await there.shop.scenario(slowThenCut);
    const { stdout, code } = await there.shop.run('run', '--env', 'attach');
    expect(stdout).toMatch(/✓ tiny\/slow-then-cut +holds/);
    expect(code).toBe(0);
    await isAsFound(there);
    const [run = ''] = await readdir(path.join(there.shop.dir, 'reports'));
    expect(await processesWith(run)).toEqual([]);
  }, 60_000);

  test('to links of ours alone: they inject, faults above TCP too', async () => {
    const there = await scene(cleanup, {
      toxiproxy,
      watched: true,
      change: ({ toxiproxy: _none, ...attach }) => attach,
    });
    await there.shop.scenario();
    const { stdout, code } = await there.shop.run('run', '--env', 'attach');
    expect(stdout).toMatch(/✓ tiny\/errors +holds/);
    expect(code).toBe(0);
    await isAsFound(there);
  }, 60_000);

  test('what cannot be injected there is inconclusive with the reason, and nothing is touched', async () => {
    const there = await scene(cleanup, { toxiproxy });
    await there.shop.scenario({
      timeline: [
        { at: 500, process: 'kill', on: 'dep', forMs: 200 },
        { at: 500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'dep', forMs: 200 },
      ],
    });
    const { stdout, code } = await there.shop.run('run', '--env', 'attach');
    expect(stdout).toMatch(/timeline\[0\]: processes and names are not ours here/);
    expect(stdout).toMatch(/timeline\[1\]: a Toxiproxy alone knows nothing above TCP/);
    expect(code).toBe(3);
    await isAsFound(there);
  }, 60_000);

  test('a proxy that was disabled stays disabled, and a cut of it says so', async () => {
    const there = await scene(cleanup, { toxiproxy });
    await post(`${there.toxiproxy}/proxies/${PROXY}`, { enabled: false });
    await there.shop.scenario(slowThenCut);
    const { stdout, code } = await there.shop.run('run', '--env', 'attach');
    expect(stdout).toMatch(/injecting down on dep: its proxy was disabled before this run came/);
    expect(code).toBe(2);
    expect((await there.proxies())[PROXY]).toMatchObject({ enabled: false, toxics: [FOREIGN] });
  }, 60_000);

  test('a target that goes down during the run is seen to', async () => {
    const there = await scene(cleanup, { toxiproxy, watched: true });
    await there.shop.scenario(slowThenCut);
    const running = there.shop.run('run', '--env', 'attach', '--json');
    const seen = await untilToxic(there);
    expect(seen).toBe(true);
    there.target.kill('SIGKILL');
    await running;
    // On a busy machine it is run again, and then the target is not there at all: the first run is kept.
    const dir = path.join(there.shop.dir, 'reports');
    const files = await Array.fromAsync(glob('**/verdicts.json', { cwd: dir }));
    const verdicts = await Promise.all(files.map((file) => readFile(path.join(dir, file), 'utf8')));
    expect(verdicts.join()).toMatch(/went down by itself: tiny/);
    await isAsFound(there);
  }, 60_000);

  test('a proxy that is not there is told with those that are', async () => {
    const there = await scene(cleanup, {
      toxiproxy,
      change: ({ toxiproxy: at, ...attach }) => ({
        ...attach,
        toxiproxy: { ...(at as object), proxies: { dep: 'their-dip' } },
      }),
    });
    await there.shop.scenario(slowThenCut);
    const { stdout, code } = await there.shop.run('run', '--env', 'attach');
    expect(stdout).toMatch(/has no proxy "their-dip" for link dep; it has asleep, their-dep/);
    expect(code).toBe(2);
  }, 60_000);
});

async function untilToxic({ proxies }: Scene): Promise<boolean> {
  for (let i = 0; i < 500; i++) {
    const { toxics = [] } = (await proxies())[PROXY] ?? {};
    if (toxics.some(({ name }) => name.startsWith('tripcurve-'))) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

describe('what is not on loopback', () => {
  const beyond = { toxiproxy: { url: 'http://toxi.example:8474', proxies: { dep: 'x' } } };

  test(
    'is refused where the config does not allow it',
    async () => {
      const shop = await workshop(cleanup, { entry: 'http://127.0.0.1:1', ...beyond });
      await shop.scenario();
      const { stderr, code } = await shop.run('run', '--env', 'attach', '--yes');
      expect(stderr).toMatch(
        /attach\.toxiproxy\.url is at toxi\.example, which is not on loopback; it is touched only where attach\.allowTargets has "toxi\.example"/,
      );
      expect(code).toBe(2);
    },
    CLI_LIMIT_MS,
  );

  test.each([['run'], ['up'], ['characterise']])(
    'is asked about, so without a terminal and without --yes %s refuses',
    async (command) => {
      const shop = await workshop(cleanup, {
        entry: 'http://127.0.0.1:1',
        ...beyond,
        allowTargets: ['toxi.example'],
      });
      await shop.scenario();
      const { stderr, code } = await shop.run(command, '--env', 'attach');
      expect(stderr).toMatch(
        /--env attach injects faults on x at http:\/\/toxi\.example:8474, which is not on loopback, and nobody is here to ask; give --yes/,
      );
      expect(code).toBe(2);
    },
    CLI_LIMIT_MS,
  );

  test.each([
    [{ entry: 'http://127.0.0.1:1' }, /attach has neither toxiproxy nor links/],
    [
      { entry: 'http://127.0.0.1:1', links: { url: 'http://127.0.0.1:1', proxies: { dap: 'x' } } },
      /attach\.links\.proxies: no link "dap"; did you mean "dep"\?/,
    ],
    [{ entry: '127.0.0.1:1' }, /attach\.entry: must be a URL such as/],
    [
      { entry: 'http://127.0.0.1:1', toxiproxy: { url: 'http://127.0.0.1:1', proxies: { dep: 'x' } } },
      /the target is not ready: http:\/\/127\.0\.0\.1:1\/ready does not answer: /,
    ],
  ])(
    'a section that cannot be: %j',
    async (attach, sentence) => {
      const shop = await workshop(cleanup, attach);
      await shop.scenario(slowThenCut);
      const { stdout, stderr, code } = await shop.run('run', '--env', 'attach');
      expect(stdout + stderr).toMatch(sentence);
      expect(code).toBe(2);
    },
    CLI_LIMIT_MS,
  );
});
