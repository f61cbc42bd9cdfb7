/** An environment of Testcontainers as it runs: who reaches whom, where it is published, and how it ends when told to. */
import { describe, expect, test } from '@jest/globals';
import { command } from '../support/compose.ts';
import { buildImage, dockerHere, labelled, setVariables } from '../support/docker.ts';
import { eventually } from '../support/processes.ts';
import { REPOSITORY, tripcurve } from '../support/workshop.ts';

const LIMIT_MS = 300_000;
const UP_LIMIT_MS = 120_000;
const CALL_LIMIT_MS = 30_000;
const ABORTED = 4;

interface Inspected {
  NetworkSettings: {
    Ports: Record<string, { HostIp: string }[] | null>;
    Networks: Record<string, { IPAddress: string }>;
  };
  State: { Health?: unknown; Running: boolean };
}

const found = await dockerHere();
const title = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;

async function inspect(container: string): Promise<Inspected> {
  const text = await command(CALL_LIMIT_MS, 'docker', 'inspect', container);
  const [inspected] = JSON.parse(text) as [Inspected];
  return inspected;
}

/** Which of these addresses a container can connect to. */
async function reached(from: string, addresses: readonly string[]): Promise<string[]> {
  const program = `
    const tried = process.argv.slice(1).map((address) => new Promise((resolve) => {
      const [host, port] = address.split(':');
      const socket = require('net').connect({ host, port: Number(port) });
      socket.on('connect', () => resolve([address])).on('error', () => resolve([]));
      setTimeout(() => resolve([]), 2000);
    }));
    Promise.all(tried).then((found) => { console.log(JSON.stringify(found.flat())); process.exit(); });`;
  const args = ['exec', from, 'node', '-e', program, ...addresses];
  return JSON.parse(await command(CALL_LIMIT_MS, 'docker', ...args)) as string[];
}

here(`an environment of Testcontainers${title}`, () => {
  test(
    'publishes on loopback only, leaves the target no way around the links, and goes when the rig is told to',
    async () => {
      if (typeof found === 'string') return;
      setVariables(found.variables);
      await buildImage();
      const rig = tripcurve(REPOSITORY, 'run', 'scenarios/llm/blip.scenario.ts', '--env', 'testcontainers');
      const run = /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
      const label = `tripcurve.run=${run}`;
      let target = '';
      await eventually('the target to run', UP_LIMIT_MS, async () => {
        const { containers } = await labelled(label);
        target = containers.find((name) => name.endsWith('-mimo')) ?? '';
        return target !== '' && (await inspect(target)).State.Running;
      });
      const { containers } = await labelled(label);
      expect(containers.map((name) => name.replace(/.*-\d+-\d+-/, '')).toSorted()).toEqual(
        ['database', 'database-prepare', 'links', 'llm', 'mimo', 'ollama', 'toxiproxy'].toSorted(),
      );
      const all = new Map<string, Inspected>();
      for (const name of containers) all.set(name, await inspect(name));
      const published = [...all.values()].flatMap(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Ports).flatMap((bindings) => bindings ?? []),
      );
      expect(published.length).toBeGreaterThanOrEqual(6);
      expect(new Set(published.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']));

      const networks = Object.keys(all.get(target)?.NetworkSettings.Networks ?? {});
      expect(networks).toEqual([expect.stringMatching(/-target$/)]);
      const around = [...all].flatMap(([name, { NetworkSettings }]) => {
        if (name === target || name.endsWith('-links')) return [];
        const port = Object.keys(NetworkSettings.Ports)[0]?.replace('/tcp', '') ?? '80';
        const hosts = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
        return [name.replace(/.*-/, ''), ...hosts.filter((ip) => ip !== '')].map((host) => `${host}:${port}`);
      });
      expect(around.length).toBeGreaterThanOrEqual(8);
      const links = ['links:9001', 'links:9002', 'links:9003'];
      expect(await reached(target, [...around, ...links])).toEqual(links);

      rig.process.kill('SIGTERM');
      expect((await rig.finished).code).toBe(ABORTED);
      expect(await labelled(label)).toEqual({ containers: [], networks: [] });
    },
    LIMIT_MS,
  );
});
