/** A project of docker-compose.yml that runs, on images built without pulling any. Minutes, so only when asked for. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AIRGAP_ENV, command } from '../support/compose.ts';
import { eventually } from '../support/processes.ts';

const IS_ASKED_FOR = process.env.TRIPCURVE_DOCKER === '1';
const BUILD_LIMIT_MS = 900_000;
const UP_LIMIT_MS = 180_000;
const CALL_LIMIT_MS = 30_000;
const IMAGE_BYTES_MAX = 250 * 1000 * 1000;

const project = `tripcurve-test-${process.pid}`;
const compose = (...args: string[]): Promise<string> =>
  command(UP_LIMIT_MS, 'docker', 'compose', '--env-file', AIRGAP_ENV, '--project-name', project, ...args);
const urlOf = async (service: string, port: number): Promise<string> =>
  `http://${await compose('port', service, String(port))}`;

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });

let mimo = '';
let links = '';
let toxiproxy = '';

/** Where the parts of an answer came from, by link. */
async function servedBy(topic: string): Promise<Record<string, string | null>> {
  const { headers } = await post(`${mimo}/v1/mimo/ask`, { query: `what do you know about ${topic}?` });
  const names = ['llm', 'ollama', 'database'];
  return Object.fromEntries(names.map((name) => [name, headers.get(`served-by-${name}`)]));
}

const LIVE = { llm: 'live', ollama: 'live', database: 'live' };

/** Breakers that have opened meanwhile take their time. */
const healed = (): Promise<void> =>
  eventually('every link to be served live', CALL_LIMIT_MS, async () => {
    const served = await servedBy(`falcons ${performance.now()}`);
    return Object.values(served).every((by) => by === 'live');
  });

/** Tries to connect from inside the target's container. */
async function reachFromTarget(addresses: readonly string[]): Promise<Record<string, boolean>> {
  const program = `
    const tried = process.argv.slice(1).map((address) => new Promise((resolve) => {
      const [host, port] = address.split(':');
      const socket = require('net').connect({ host, port: Number(port) });
      socket.on('connect', () => resolve([address, true])).on('error', () => resolve([address, false]));
      setTimeout(() => resolve([address, false]), 2000);
    }));
    Promise.all(tried).then((found) => { console.log(JSON.stringify(found)); process.exit(); });`;
  const text = await compose('exec', '-T', 'mimo', 'node', '-e', program, ...addresses);
  return Object.fromEntries(JSON.parse(text) as [string, boolean][]);
}

async function inspect(service: string, format: string): Promise<string> {
  return command(CALL_LIMIT_MS, 'docker', 'inspect', '--format', format, await compose('ps', '-q', service));
}

const here = IS_ASKED_FOR ? describe : describe.skip;

here(`a Compose project${IS_ASKED_FOR ? '' : ' (skipped: TRIPCURVE_DOCKER=1 is not set)'}`, () => {
  beforeAll(async () => {
    await command(BUILD_LIMIT_MS, 'docker/airgap/build');
    await compose('up', '-d', '--wait');
    mimo = await urlOf('mimo', 4000);
    links = await urlOf('links', 8474);
    toxiproxy = await urlOf('toxiproxy', 8474);
  }, BUILD_LIMIT_MS + UP_LIMIT_MS);

  afterAll(async () => {
    await compose('down', '--volumes', '--timeout', '5');
  }, UP_LIMIT_MS);

  test('stores and answers', async () => {
    const call = { content: 'falcons nest near the quarry', category: 'observation' };
    const stored = await post(`${mimo}/v1/mimo/tool`, { tool: 'mimo_store_memory', arguments: call });
    expect(stored.status).toBe(201);
    expect(await servedBy('falcons')).toEqual(LIVE);
  });

  test(
    'goes through the links, and through Toxiproxy behind them',
    async () => {
      await post(`${toxiproxy}/proxies/llm/toxics`, { name: 'rst', type: 'reset_peer', attributes: {} });
      expect((await servedBy('glaciers')).llm).not.toBe('live');
      await post(`${toxiproxy}/reset`, {});
      await healed();
      await post(`${links}/proxies/database`, { enabled: false });
      expect((await servedBy('tides')).database).not.toBe('live');
      await post(`${links}/reset`, {});
      await healed();
    },
    2 * CALL_LIMIT_MS + 10_000,
  );

  test('a rig that falls silent leaves no fault on Toxiproxy', async () => {
    await post(`${toxiproxy}/proxies/llm/toxics`, {
      name: 'slow',
      type: 'latency',
      attributes: { latency: 5 },
    });
    await fetch(`${links}/lease`, { method: 'PUT', body: '{"ttlMs": 200}' });
    await eventually('the toxic to be lifted', CALL_LIMIT_MS, async () => {
      const response = await fetch(`${toxiproxy}/proxies/llm/toxics`);
      return ((await response.json()) as unknown[]).length === 0;
    });
  }, 60_000);

  test('the target reaches nothing but the links, by name or by address', async () => {
    const ports: Record<string, number[]> = {
      postgres: [5432],
      llm: [8080],
      ollama: [8080],
      toxiproxy: [8474, 9001],
    };
    const addresses: string[] = [];
    for (const [service, numbers] of Object.entries(ports)) {
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      const hosts = [service, ...(await inspect(service, format)).split(' ').filter((ip) => ip !== '')];
      for (const host of hosts) for (const port of numbers) addresses.push(`${host}:${port}`);
    }
    // And the ports that are published on the machine itself, by the way of its bridges.
    const gateways = await inspect('mimo', '{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}');
    for (const gateway of gateways.split(' ').filter((ip) => ip !== ''))
      addresses.push(`${gateway}:${new URL(toxiproxy).port}`);
    const reached = await reachFromTarget([...addresses, 'links:9001', 'links:9002', 'links:9003']);
    const expected = Object.fromEntries(addresses.map((address) => [address, false]));
    expect(reached).toEqual({ ...expected, 'links:9001': true, 'links:9002': true, 'links:9003': true });
    expect(addresses.length).toBeGreaterThan(12);
  }, 60_000);

  test('its image is small, and its root cannot be written to', async () => {
    const image = await inspect('mimo', '{{.Image}}');
    const size = await command(CALL_LIMIT_MS, 'docker', 'image', 'inspect', '--format', '{{.Size}}', image);
    expect(Number(size)).toBeLessThan(IMAGE_BYTES_MAX);
    const writing = compose('exec', '-T', 'mimo', 'node', '-e', 'require("fs").writeFileSync("/app/x", "")');
    await expect(writing).rejects.toThrow(/EROFS/);
  }, 60_000);
});
