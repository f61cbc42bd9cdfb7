import { afterEach, describe, expect, test } from '@jest/globals';
import { FaultClient } from '../../../harness/link/client.ts';
import { type ProxyServer, startProxyServer } from '../../../harness/link/proxy-server.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup, echoServer, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function serve(behind?: string): Promise<ProxyServer> {
  const server = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1, behind, warn: () => {} });
  cleanup.add(() => server[Symbol.asyncDispose]());
  return server;
}

async function make(url: string, upstream: string, protocol = 'http'): Promise<string> {
  const body = JSON.stringify({ name: 'llm', upstream, protocol });
  const response = await fetch(`${url}/proxies`, { method: 'POST', body });
  return ((await response.json()) as { listen: string }).listen;
}

const LATENCY = { type: 'latency', attributes: { latency: 5 } };
const DOWN = { type: 'down', attributes: {} };
const STATUS = { type: 'http_status', attributes: { status: 500 } };

describe('a lease', () => {
  test('that is renewed keeps faults; one that lapses lifts them all', async () => {
    const { url } = await serve();
    await make(url, `127.0.0.1:${await listen(cleanup, echoServer())}`);
    const client = new FaultClient({ url, protocols: { llm: 'http' }, toxiproxyUrl: null });
    for (const fault of [LATENCY, STATUS, DOWN]) await client.inject('llm', fault.type, fault);
    for (let i = 0; i < 6; i++) {
      await client.lease(400);
      await new Promise((resolve) => setTimeout(resolve, 100)); // six tenths of a second: longer than the lease
    }
    expect(await client.residue()).toHaveLength(3);
    await eventually('every fault to be lifted', 4_000, async () => (await client.residue()).length === 0);
  });

  test('that is ended in good order lifts nothing', async () => {
    const { url } = await serve();
    await make(url, '127.0.0.1:9');
    const client = new FaultClient({ url, protocols: { llm: 'http' }, toxiproxyUrl: null });
    await client.inject('llm', 'slow', LATENCY);
    await client.lease(100);
    await client.lease(0);
    await new Promise((resolve) => setTimeout(resolve, 300)); // what must not happen has no event to await
    expect(await client.residue()).toEqual(['slow on llm']);
  });

  test('that lapses heals the Toxiproxy behind the links too', async () => {
    const toxiproxy = await serve();
    const behind = await make(toxiproxy.url, `127.0.0.1:${await listen(cleanup, echoServer())}`, 'tcp');
    const { url } = await serve(toxiproxy.url);
    await make(url, behind);
    const client = new FaultClient({ url, protocols: { llm: 'http' }, toxiproxyUrl: toxiproxy.url });
    await client.inject('llm', 'slow', LATENCY);
    await client.inject('llm', 'cut', DOWN);
    expect(toxiproxy.links.get('llm')?.enabled).toBe(false);
    await client.lease(100);
    await eventually('both to be healed', 4_000, async () => (await client.residue()).length === 0);
    expect(toxiproxy.links.get('llm')?.toxics).toEqual([]);
  });
});

test('the clock of the events can be asked for', async () => {
  const { url } = await serve();
  const read = async (): Promise<number> =>
    ((await (await fetch(`${url}/clock`)).json()) as { nowNs: number }).nowNs;
  const [first, second] = [await read(), await read()];
  expect(first).toBeGreaterThan(0);
  expect(second).toBeGreaterThan(first);
});
