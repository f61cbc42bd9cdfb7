/**
 * What a run leaves when it is killed at any moment: nothing. Few kills by default; the full count by
 * TRIPCURVE_SIGKILLS_EMBEDDED=100 TRIPCURVE_SIGKILLS_ATTACH=20, the moments again by TRIPCURVE_SIGKILL_SEED.
 */
import { glob, readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom, seedFor } from '../../../harness/model/random.ts';
import { newSeed } from '../../../harness/scenario/run-id.ts';
import {
  ASLEEP,
  FOREIGN,
  longFaults,
  PROXY,
  type Scene,
  type ShownProxy,
  scene,
} from '../../support/attached.ts';
import { eventually, processesWith, runFoldersWith } from '../../support/processes.ts';
import { Cleanup, listen } from '../../support/sockets.ts';
import { NEW, type RealToxiproxy, realToxiproxy } from '../../support/toxiproxy.ts';
import { type Started, tinyScenario, tripcurve, Workshop } from '../../support/workshop.ts';

/** What is promised, ms after the kill. */
const PROMISED_MS = 2_000;
/** Machines that run tests are busy: this much is borne, and what it really took is printed. */
const BORNE_MS = 3 * PROMISED_MS;

const seed = Number(process.env.TRIPCURVE_SIGKILL_SEED ?? newSeed());
const counts = {
  embedded: Number(process.env.TRIPCURVE_SIGKILLS_EMBEDDED ?? 5),
  attach: Number(process.env.TRIPCURVE_SIGKILLS_ATTACH ?? 3),
};
/** A kill with all that is around it. */
const KILL_LIMIT_MS = 40_000;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());
beforeAll(() => say(`the moments are of seed ${seed}`));

/** Past Jest, whose console adds a stack to every line. */
function say(text: string): void {
  process.stderr.write(`sigkill: ${text}\n`);
}

async function runId(rig: Started): Promise<string> {
  return /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
}

function tell(what: string, tookMs: readonly number[], more = ''): void {
  const over = tookMs.filter((ms) => ms > PROMISED_MS).length;
  say(
    `${what}: ${tookMs.length} kills, worst ${Math.round(Math.max(...tookMs))} ms, ${over} over ${PROMISED_MS} ms${more}`,
  );
}

describe('a rig killed at a random moment', () => {
  test(
    `in the embedded environment, ${counts.embedded} times: no process, no folder, and what is not ours is up`,
    async () => {
      const random = seededRandom(seedFor(seed, 'embedded'));
      const dependency = await listen(
        cleanup,
        net.createServer((socket) =>
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
        ),
      );
      const shop = await Workshop.open();
      cleanup.add(() => shop.close());
      const config = await import(`${shop.dir}/tripcurve.config.ts`);
      const changed = structuredClone(config.default);
      changed.links.dep.dependency = { address: `127.0.0.1:${dependency}` };
      await shop.write('tripcurve.config.ts', `export default ${JSON.stringify(changed)};`);
      await shop.scenario({ ...longFaults, timeline: [...longFaults.timeline, ...tinyScenario.timeline] });
      const tookMs: number[] = [];
      let withProcesses = 0;
      for (let i = 0; i < counts.embedded; i++) {
        const rig = tripcurve(shop.dir, 'run', '--seed', '1');
        const run = await runId(rig);
        await delay(random() * 4_000);
        if ((await processesWith(run)).length > 0) withProcesses++;
        const killedMs = performance.now();
        rig.process.kill('SIGKILL');
        await eventually(
          `kill ${i} to leave nothing`,
          BORNE_MS,
          async () => (await processesWith(run)).length + (await runFoldersWith(run)).length === 0,
        );
        tookMs.push(performance.now() - killedMs);
        expect((await fetch(`http://127.0.0.1:${dependency}`)).status).toBe(200);
      }
      tell('embedded', tookMs, `; ${withProcesses} with an environment up or coming up`);
      expect(withProcesses).toBeGreaterThan(0);
    },
    30_000 + counts.embedded * KILL_LIMIT_MS,
  );
});

const found = await realToxiproxy(NEW);
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;
const toxiproxy: RealToxiproxy = typeof found === 'string' ? { version: NEW, server: '', cli: null } : found;

/** What the API shows, or null while it hangs. */
async function shown({ toxiproxy: url }: Scene): Promise<Record<string, ShownProxy> | null> {
  try {
    const response = await fetch(`${url}/proxies`, { signal: AbortSignal.timeout(300) });
    return (await response.json()) as Record<string, ShownProxy>;
  } catch {
    return null;
  }
}

const isOurs = ({ name }: { name: string }): boolean => name.startsWith('tripcurve-');

async function isAsFound(there: Scene): Promise<boolean> {
  const now = await shown(there);
  const proxy = now?.[PROXY];
  return proxy?.enabled === true && !proxy.toxics.some(isOurs) && (await accepts(proxy.listen));
}

async function accepts(address: string): Promise<boolean> {
  const socket = net.connect(Number(address.split(':').at(-1)), '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

/** Settles when a fault of ours is on the proxy, or the API has begun to hang under one. */
async function faulted(there: Scene): Promise<void> {
  await eventually('the first fault', 30_000, async () => {
    const now = await shown(there);
    return now === null || (now[PROXY]?.toxics ?? []).some(isOurs);
  });
}

/** Kills the rig and waits until all is as it was; how long it took, in ms. */
async function killed(there: Scene, rig: Started, run: string): Promise<number> {
  const killedMs = performance.now();
  rig.process.kill('SIGKILL');
  await eventually('everything to be lifted', BORNE_MS, () => isAsFound(there)).catch(async (error) => {
    for await (const file of glob(`reports/${run}/**/guardian.log`, { cwd: there.shop.dir }))
      say(await readFile(path.join(there.shop.dir, file), 'utf8'));
    say(`what it is like: ${JSON.stringify(await shown(there))}`);
    throw error;
  });
  const tookMs = performance.now() - killedMs;
  await eventually('the guardian to go', BORNE_MS, async () => (await processesWith(run)).length === 0);
  const now = await there.proxies();
  expect(now[PROXY]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
  expect(now[ASLEEP]).toMatchObject({ enabled: false });
  return tookMs;
}

here(`a rig killed while it is attached to a Toxiproxy of somebody else's${why}`, () => {
  const limitMs = 60_000 + counts.attach * KILL_LIMIT_MS;

  test(
    `at a random moment, ${counts.attach} times: no toxic of ours, listeners up, nothing of theirs touched`,
    async () => {
      const random = seededRandom(seedFor(seed, 'attach'));
      const there = await scene(cleanup, { toxiproxy });
      await there.shop.scenario(longFaults);
      const tookMs: number[] = [];
      let underFault = 0;
      for (let i = 0; i < counts.attach; i++) {
        const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
        const run = await runId(rig);
        // Every second one surely under faults; the others whenever it is.
        if (i % 2 === 0) await faulted(there);
        await delay(random() * 3_000);
        if (!(await isAsFound(there))) underFault++;
        tookMs.push(await killed(there, rig, run));
      }
      tell('attach', tookMs, `; ${underFault} under faults`);
      expect(underFault).toBeGreaterThan(0);
    },
    limitMs,
  );

  test(
    `${counts.attach} times while the API answers no removal of a toxic: the proxy is made anew, with what is theirs`,
    async () => {
      const random = seededRandom(seedFor(seed, 'hanging'));
      const there = await scene(cleanup, { toxiproxy, hangs: /^DELETE .*\/toxics\// });
      await there.shop.scenario(longFaults);
      const tookMs: number[] = [];
      for (let i = 0; i < counts.attach; i++) {
        const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
        const run = await runId(rig);
        await faulted(there);
        await delay(random() * 2_000);
        tookMs.push(await killed(there, rig, run));
      }
      tell('attach, API that hangs', tookMs);
    },
    limitMs,
  );

  test(
    'while a toxic waits whose removal hangs Toxiproxy itself',
    async () => {
      const there = await scene(cleanup, { toxiproxy });
      const inject = { type: 'reset_peer', attributes: { timeout: 60_000 }, stream: 'upstream' };
      await there.shop.scenario({ ...longFaults, timeline: [{ at: 100, inject, on: 'dep', forMs: 60_000 }] });
      const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
      const run = await runId(rig);
      await faulted(there);
      await delay(500); // for requests to meet it: nothing tells that they wait inside Toxiproxy
      tell('attach, reset_peer that waits', [await killed(there, rig, run)]);
    },
    limitMs,
  );

  test(
    'or stopped, for a while: the guardian lifts everything, and the rig says so when it goes on',
    async () => {
      const there = await scene(cleanup, { toxiproxy });
      await there.shop.scenario(longFaults);
      const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
      await faulted(there);
      rig.process.kill('SIGSTOP');
      const stoppedMs = performance.now();
      await eventually('everything to be lifted', BORNE_MS, () => isAsFound(there));
      tell('attach, rig that stands still', [performance.now() - stoppedMs]);
      rig.process.kill('SIGCONT');
      const { stdout, code } = await rig.finished;
      expect(stdout).toMatch(/the guardian lifted everything, for the rig was silent for 1500 ms/);
      expect(code).toBe(2);
      expect((await there.proxies())[PROXY]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
    },
    limitMs,
  );

  test(
    'or its guardian: the rig lifts everything itself, and says so',
    async () => {
      const there = await scene(cleanup, { toxiproxy });
      await there.shop.scenario(longFaults);
      const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
      const run = await runId(rig);
      await faulted(there);
      const [guardian = 0] = await processesWith(`environment/guardian.ts\0${run}`);
      process.kill(guardian, 'SIGKILL');
      const { stdout, code } = await rig.finished;
      expect(stdout).toMatch(/the guardian of this run ended/);
      expect(code).toBe(2);
      expect((await there.proxies())[PROXY]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
    },
    limitMs,
  );

  test(
    'while the whole of Toxiproxy stands still: as soon as it goes on',
    async () => {
      const there = await scene(cleanup, { toxiproxy });
      await there.shop.scenario(longFaults);
      const rig = tripcurve(there.shop.dir, 'run', '--env', 'attach', '--seed', '1');
      const run = await runId(rig);
      await faulted(there);
      const [server = 0] = await processesWith(`-port\0${new URL(there.toxiproxy).port}`);
      process.kill(server, 'SIGSTOP');
      rig.process.kill('SIGKILL');
      await delay(3_000);
      expect(await shown(there)).toBeNull();
      process.kill(server, 'SIGCONT');
      // The kill is long past; what is measured is the time since the API answers.
      tell('attach, API that stood still', [await killed(there, rig, run)]);
    },
    limitMs,
  );
});
