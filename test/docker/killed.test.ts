/**
 * The lease in containers, by really killing: a rig that dies at any moment leaves no fault, and in
 * testcontainers no container and no network. TRIPCURVE_KILLS sets how often, TRIPCURVE_KILL_SEED when.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../harness/model/random.ts';
import { command, reasonAgainst } from '../support/compose.ts';
import {
  buildImage,
  dockerHere,
  labelled,
  projectUp,
  publishedAt,
  residueAt,
  setVariables,
} from '../support/docker.ts';
import { eventually, processesWith } from '../support/processes.ts';
import { REPOSITORY, tripcurve } from '../support/workshop.ts';

const KILLS = Number(process.env.TRIPCURVE_KILLS ?? 2);
const SEED = Number(process.env.TRIPCURVE_KILL_SEED ?? Math.floor(Math.random() * 1e9));

/** What the project promises after a SIGKILL. */
const HEALED_WITHIN_MS = 2_000;
const REMOVED_WITHIN_MS = 15_000;

/** Its fault is a toxic, and stays for 1.5 s. */
const SCENARIO = 'scenarios/ollama/cut.scenario.ts';
const FAULT_MS = 1_500;
/** From the start of the rig to the end of the scenario. */
const RUN_MS = 14_000;
const FAULT_LIMIT_MS = 120_000;
const WHOLE_LIMIT_MS = 60_000;
const API_PORT = 8474;
const KILL_LIMIT_MS = 180_000;

interface Measured {
  /** Whether a fault was in place when the rig died. */
  faulty: boolean;
  /** From the kill until nothing was injected, and until nothing was left. */
  healedMs: number;
  removedMs: number | null;
}

type Residue = () => Promise<string[]>;

/**
 * Kills a rig at a random moment: every other time while its fault is in place, where the lease has most to do.
 * @param residueOf what a run has injected now
 */
async function kill(
  environment: string,
  random: () => number,
  i: number,
  residueOf: (run: string) => Residue,
): Promise<Measured> {
  const rig = tripcurve(REPOSITORY, 'run', SCENARIO, '--env', environment, '--seed', '1');
  const run = /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
  const residue = residueOf(run);
  if (i % 2 === 0) {
    const inPlace = eventually(
      'a fault to be in place',
      FAULT_LIMIT_MS,
      async () => (await residue()).length > 0,
    );
    const ended = rig.finished.then(({ stdout, stderr }) => {
      throw new Error(`the rig ended before it injected anything: ${stdout}${stderr}`);
    });
    ended.catch(() => {}); // it is killed below
    await Promise.race([inPlace, ended]);
    await delay(random() * FAULT_MS);
  } else await delay(random() * RUN_MS);
  const faulty = (await residue()).length > 0;
  rig.process.kill('SIGKILL');
  const diedMs = performance.now();
  await eventually('every fault to be lifted', HEALED_WITHIN_MS, async () => (await residue()).length === 0);
  const healedMs = performance.now() - diedMs;
  if (environment === 'compose') return { faulty, healedMs, removedMs: null };
  await eventually('every container and network to go', REMOVED_WITHIN_MS, async () => {
    const { containers, networks } = await labelled(`tripcurve.run=${run}`);
    return containers.length + networks.length === 0;
  });
  const removedMs = performance.now() - diedMs;
  await eventually(
    'the watcher to go',
    REMOVED_WITHIN_MS,
    async () => (await processesWith(run)).length === 0,
  );
  // Nothing that Docker was still making has come after.
  expect(await labelled(`tripcurve.run=${run}`)).toEqual({ containers: [], networks: [] });
  return { faulty, healedMs, removedMs };
}

function tell(environment: string, measured: readonly Measured[]): void {
  const most = (values: number[]): string => `${Math.round(Math.max(0, ...values))} ms`;
  const faulty = measured.filter((each) => each.faulty);
  const removed = measured.flatMap(({ removedMs }) => (removedMs === null ? [] : [removedMs]));
  console.info(
    `${environment}: ${measured.length} kills (seed ${SEED}), ${faulty.length} with a fault in place; ` +
      `healed within ${most(faulty.map(({ healedMs }) => healedMs))}` +
      (removed.length === 0 ? '' : `, all removed within ${most(removed)}`),
  );
}

const found = await dockerHere();
const title = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;

here(`after SIGKILL of the rig, seed ${SEED}${title}`, () => {
  test(
    `no fault is left in compose, ${KILLS} times`,
    async () => {
      if (typeof found === 'string') return;
      setVariables(found.variables);
      await buildImage();
      await using _project = await projectUp(`tripcurve-killed-${process.pid}`);
      const urls: string[] = [];
      for (const service of ['links', 'toxiproxy'])
        urls.push(`http://${await command(30_000, 'docker', 'compose', 'port', service, String(API_PORT))}`);
      const residue: Residue = async () => (await Promise.all(urls.map(residueAt))).flat();
      const random = seededRandom(SEED);
      const measured: Measured[] = [];
      for (let i = 0; i < KILLS; i++) {
        measured.push(await kill('compose', random, i, () => residue));
        // Docker may still be carrying out what the dead rig asked for: two at once would be in each other's way.
        await eventually(
          'the project to be whole',
          WHOLE_LIMIT_MS,
          async () => (await reasonAgainst('docker', 'compose', 'up', '-d', '--wait')) === null,
        );
      }
      tell('compose', measured);
      expect(measured.some(({ faulty }) => faulty)).toBe(true);
    },
    (KILLS + 1) * KILL_LIMIT_MS,
  );

  test(
    `no fault, container or network is left in testcontainers, ${KILLS} times`,
    async () => {
      if (typeof found === 'string') return;
      setVariables(found.variables);
      await buildImage();
      const random = seededRandom(SEED);
      const measured: Measured[] = [];
      for (let i = 0; i < KILLS; i++)
        measured.push(await kill('testcontainers', random, i, residueOfContainers));
      tell('testcontainers', measured);
      expect(measured.some(({ faulty }) => faulty)).toBe(true);
    },
    (KILLS + 1) * KILL_LIMIT_MS,
  );
});

/** Asks the links and the Toxiproxy of a run, once they are there; what is gone holds nothing. */
function residueOfContainers(run: string): Residue {
  const urls = new Map<string, string>();
  return async () => {
    if (urls.size < 2) {
      for (const name of (await labelled(`tripcurve.run=${run}`)).containers) {
        if (!/-(links|toxiproxy)$/.test(name)) continue;
        const at = await publishedAt(name, API_PORT);
        if (at !== null) urls.set(name, `http://${at}`);
      }
    }
    return (await Promise.all([...urls.values()].map((url) => residueAt(url).catch(() => [])))).flat();
  };
}
