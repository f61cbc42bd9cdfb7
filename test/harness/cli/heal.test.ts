/** `tripcurve heal`: after everything that should have lifted a run's faults was killed as well. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../../harness/environment/free-port.ts';
import { FOREIGN, longFaults, PROXY, post, type Scene, scene, workshop } from '../../support/attached.ts';
import { eventually, processesWith, runFoldersWith } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { NEW, type RealToxiproxy, realToxiproxy } from '../../support/toxiproxy.ts';
import { REPOSITORY, type Started, tripcurve, Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const found = await realToxiproxy(NEW);
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;
const toxiproxy: RealToxiproxy = typeof found === 'string' ? { version: NEW, server: '', cli: null } : found;

async function runOf(rig: Started): Promise<string> {
  return /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
}

/** Kills the rig and, before it can notice, whoever would lift for it. */
async function killedWith(guard: string, rig: Started): Promise<void> {
  const pids = await processesWith(guard);
  expect(pids.length).toBeGreaterThanOrEqual(1); // a host that waits for the next scenario may be there too
  rig.process.kill('SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  rig.process.kill('SIGKILL');
  await rig.finished;
}

async function toxicsOf({ proxies }: Scene): Promise<string[]> {
  return ((await proxies())[PROXY]?.toxics ?? []).map(({ name }) => name);
}

async function attachedRun(there: Scene): Promise<{ rig: Started; run: string }> {
  await there.shop.scenario(longFaults);
  const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach');
  const run = await runOf(rig);
  await eventually('faults', 30_000, async () => (await toxicsOf(there)).length === 3);
  return { rig, run };
}

here(`heal of what an attached run has left${why}`, () => {
  test('lifts what the journal says, proves it, and finds nothing the second time', async () => {
    const there = await scene(cleanup, { toxiproxy });
    const { rig, run } = await attachedRun(there);
    await killedWith(`environment/guardian.ts\0${run}`, rig);
    expect((await toxicsOf(there)).length).toBe(3);
    const first = await there.shop.run('heal');
    expect(first.stdout).toMatch(new RegExp(`attach: found +tripcurve-${run}-f0-latency on ${PROXY}`));
    expect(first.stdout).toMatch(new RegExp(`attach: lifted +tripcurve-${run}-f1-bandwidth on ${PROXY}`));
    expect(first.stdout).toMatch(/attach: verified +no fault of ours at/);
    expect(first.stdout).toMatch(new RegExp(`attach: verified +${PROXY} at \\S+ is up, on 127`));
    expect(first.stdout).toMatch(/attach: verified +the target is ready/);
    expect(first.stdout).toMatch(
      /attach: note +asleep at \S+ is disabled, by no run that is gone: it stays so/,
    );
    expect(first.code).toBe(0);
    expect((await there.proxies())[PROXY]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
    expect(await readdir(path.join(there.shop.dir, '.tripcurve', 'attach'))).toEqual([]);
    const second = await there.shop.run('heal');
    expect(second.stdout).toMatch(/attach: nothing of a run was found/);
    expect(second.code).toBe(0);
  }, 90_000);

  test('leaves a run that goes on alone, unless it is named; then the run says that its faults are gone', async () => {
    const there = await scene(cleanup, { toxiproxy });
    const { rig, run } = await attachedRun(there);
    const all = await there.shop.run('heal', '--env', 'attach');
    expect(all.stdout).toMatch(new RegExp(`note +run ${run} is going on \\(process \\d+\\)`));
    expect((await toxicsOf(there)).length).toBe(3);
    const named = await there.shop.run('heal', '--env', 'attach', '--run', run);
    expect(named.stdout).toMatch(new RegExp(`lifted +tripcurve-${run}-f0-latency`));
    rig.process.kill('SIGINT');
    expect((await rig.finished).code).toBe(4);
    expect(await toxicsOf(there)).toEqual([FOREIGN.name]);
  }, 90_000);

  test('lifts by name what a run of another folder has left', async () => {
    const there = await scene(cleanup, { toxiproxy });
    const name = 'tripcurve-20260101-000000-abcd-f0-latency';
    await post(`${there.toxiproxy}/proxies/${PROXY}/toxics`, { ...FOREIGN, name });
    const other = await there.shop.run('heal', '--run', '20260101-000000-ffff');
    expect(other.code).toBe(0);
    expect(await toxicsOf(there)).toEqual([FOREIGN.name, name]);
    const { stdout, code } = await there.shop.run('heal', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      attach: { found: [expect.stringContaining(name)], lifted: [expect.stringContaining(name)], left: [] },
    });
    expect(code).toBe(0);
    expect(await toxicsOf(there)).toEqual([FOREIGN.name]);
  }, 60_000);
});

test('heal fails with a sentence where it cannot look', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const shop = await workshop(cleanup, { entry: nobody, toxiproxy: { url: nobody, proxies: { dep: 'x' } } });
  const unasked = await shop.run('heal');
  expect(unasked.stdout).toMatch(
    /attach: note +not looked at, and no journal says that anything is there: listing/,
  );
  expect(unasked.code).toBe(0);
  const { stderr, code } = await shop.run('heal', '--env', 'attach');
  expect(stderr).toMatch(
    /^tripcurve: heal: 2 things are not as it should be: listing the proxies: http:\S+: connect ECONNREFUSED/,
  );
  expect(code).toBe(2);
}, 60_000);

test('heal clears away processes and folder of an embedded run whose rig and host were both killed', async () => {
  const rig = tripcurve(REPOSITORY, 'run', 'scenarios/llm/hangs.scenario.ts');
  const run = await runOf(rig);
  await eventually(
    'PostgreSQL of the run',
    60_000,
    async () => (await processesWith(`tripcurve-run-${run}`)).length >= 1,
  );
  await killedWith(`environment/host.ts\0${run}`, rig);
  expect(await runFoldersWith(run)).not.toEqual([]);
  const { stdout, code } = await tripcurve(REPOSITORY, 'heal', '--env', 'embedded', '--run', run).finished;
  expect(stdout).toMatch(new RegExp(`embedded: lifted +folder \\S+${run}`));
  expect(stdout).toMatch(new RegExp(`embedded: verified +no process and no folder of run ${run} is left`));
  expect(code).toBe(0);
  expect(await processesWith(run)).toEqual([]);
  expect(await runFoldersWith(run)).toEqual([]);
}, 120_000);

test('heal lifts the faults of a rehearsal in its folder, which goes on', async () => {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  const up = tripcurve(shop.dir, 'up');
  await up.printed(/in a second terminal/);
  expect((await shop.run('cut', 'dep')).code).toBe(0);
  const { stdout, code } = await shop.run('heal');
  expect(stdout).toMatch(/rehearsal: lifted +r1-down/);
  expect(stdout).toMatch(/rehearsal: verified +no fault in rehearsal \S+, which goes on/);
  expect(code).toBe(0);
  await shop.run('down');
  await up.finished;
}, 60_000);
