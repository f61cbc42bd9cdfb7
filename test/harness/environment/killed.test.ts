/** The lease, by really killing: whoever dies, nothing of a run outlives it. */
import { describe, expect, test } from '@jest/globals';
import { eventually, listeningPorts, processesWith, runFoldersWith } from '../../support/processes.ts';
import { REPOSITORY, type Started, tripcurve } from '../../support/workshop.ts';

/** What the project promises: nothing is left this long after a SIGKILL. */
const GONE_WITHIN_MS = 3_000;

interface Scene {
  rig: Started;
  run: string;
  pids: number[];
  ports: number[];
}

/** A run of the real target that has come as far as its load, or, with `early`, only to its first processes. */
async function underWay(early: boolean): Promise<Scene> {
  const rig = tripcurve(REPOSITORY, 'run', 'scenarios/llm/hangs.scenario.ts', '--seed', '1');
  const run = /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
  await eventually(
    'processes of the run',
    15_000,
    async () => (await processesWith(`tripcurve-run-${run}`)).length >= 1,
  );
  if (!early) {
    await eventually('the target and PostgreSQL to listen', 15_000, async () => {
      const pids = await processesWith(run);
      // Links, API, PostgreSQL, two stand-ins and the target: eight listeners at least.
      return (await listeningPorts(pids)).length >= 8;
    });
  }
  const pids = await processesWith(run);
  return { rig, run, pids, ports: await listeningPorts(pids) };
}

async function nothingIsLeft({ run, pids }: Scene): Promise<void> {
  expect(pids.length).toBeGreaterThanOrEqual(1);
  await eventually(
    'every process to go',
    GONE_WITHIN_MS,
    async () => (await processesWith(run)).length === 0,
  );
  await eventually('the folder to go', GONE_WITHIN_MS, async () => (await runFoldersWith(run)).length === 0);
  // Not by dialling: a port that was let go can be another process's by now.
  expect(await listeningPorts(pids)).toEqual([]);
}

describe('after SIGKILL no process, no listening port and no temp folder is left', () => {
  test('of the rig, in mid-run', async () => {
    const scene = await underWay(false);
    expect(scene.ports.length).toBeGreaterThanOrEqual(8);
    scene.rig.process.kill('SIGKILL');
    await nothingIsLeft(scene);
  }, 60_000);

  test('of the rig, while the environment is still coming up', async () => {
    const scene = await underWay(true);
    scene.rig.process.kill('SIGKILL');
    await nothingIsLeft(scene);
  }, 60_000);

  test('of the host: the rig says so, cleans up after it, and exits 2', async () => {
    const scene = await underWay(false);
    const [host = 0] = await processesWith(`environment/host.ts\0${scene.run}`);
    expect(host).toBeGreaterThan(0);
    process.kill(host, 'SIGKILL');
    const { code, stdout } = await scene.rig.finished;
    // On a busy machine the target may listen and not be ready yet; then the start is what failed.
    expect(stdout).toMatch(/the host process (of the environment ended|ended before the environment was up)/);
    expect(code).toBe(2);
    await nothingIsLeft(scene);
  }, 60_000);
});
