import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../../harness/link/api/server.ts';
import { FaultClient, type FaultClientOptions } from '../../../harness/link/client.ts';
import { EventFeed } from '../../../harness/link/feed.ts';
import { Link } from '../../../harness/link/link.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { Cleanup, echoServer, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** An API over links of its own; `hang` names requests that are never answered. */
async function api(hang: RegExp | null = null): Promise<{ url: string; links: Map<string, Link> }> {
  const links = new Map<string, Link>();
  const feed = new EventFeed();
  const server: FastifyInstance = buildApi({
    links,
    feed,
    now: () => 0,
    warn: () => {},
    makeLink: (name, address, upstream, protocol) =>
      new Link({
        name,
        listen: address,
        upstream,
        protocol,
        seed: 1,
        now: clockFrom(process.hrtime.bigint()),
        emit: feed.emit,
      }),
  });
  server.addHook('preHandler', async (request) => {
    if (hang?.test(`${request.method} ${request.url}`) === true) await new Promise(() => {});
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  cleanup.add(async () => {
    await server.close();
    for (const link of links.values()) await link.dispose();
  });
  return { url, links };
}

const UPSTREAM = '127.0.0.1:9';

async function make(url: string, upstream = UPSTREAM): Promise<string> {
  const response = await fetch(`${url}/proxies`, {
    method: 'POST',
    body: JSON.stringify({ name: 'llm', upstream }),
  });
  return ((await response.json()) as { listen: string }).listen;
}

async function behind(
  toxiproxyHangs: RegExp | null,
  more: Partial<FaultClientOptions> = {},
): Promise<{ client: FaultClient; tap: Map<string, Link>; toxiproxy: Map<string, Link> }> {
  const upstream = `127.0.0.1:${await listen(cleanup, echoServer())}`;
  const toxiproxy = await api(toxiproxyHangs);
  const tap = await api();
  await make(tap.url, await make(toxiproxy.url, upstream));
  const client = new FaultClient({
    url: tap.url,
    toxiproxyUrl: toxiproxy.url,
    protocols: { llm: 'tcp' },
    liftTimeoutMs: 250,
    ...more,
  });
  return { client, tap: tap.links, toxiproxy: toxiproxy.links };
}

const LATENCY = { type: 'latency', attributes: { latency: 5 } };

describe('with a real Toxiproxy behind the link', () => {
  test('toxics go to Toxiproxy, and the link is told of them', async () => {
    const { client, tap, toxiproxy } = await behind(null);
    await client.inject('llm', 'slow', LATENCY);
    expect(toxiproxy.get('llm')?.toxics.map(({ name }) => name)).toEqual(['slow']);
    expect(tap.get('llm')?.toxics).toEqual([]);
    expect(tap.get('llm')?.shadows).toEqual(['slow']);
    expect(await client.residue()).toEqual(['slow on llm']);
    await client.heal('all');
    expect(await client.residue()).toEqual([]);
    expect(tap.get('llm')?.shadows).toEqual([]);
  });

  test('a cut closes both listeners, and a heal opens both', async () => {
    const { client, tap, toxiproxy } = await behind(null);
    await client.inject('llm', 'cut', { type: 'down', attributes: {} });
    expect([tap.get('llm')?.enabled, toxiproxy.get('llm')?.enabled]).toEqual([false, false]);
    await client.heal('llm');
    expect([tap.get('llm')?.enabled, toxiproxy.get('llm')?.enabled]).toEqual([true, true]);
  });

  test('a toxic whose removal hangs is lifted by making its proxy anew, on the same port', async () => {
    const { client, toxiproxy } = await behind(/^DELETE .*toxics/);
    await client.inject('llm', 'slow', LATENCY);
    const { port } = toxiproxy.get('llm')?.listen ?? {};
    await client.heal('all');
    expect(await client.residue()).toEqual([]);
    expect(toxiproxy.get('llm')?.listen.port).toBe(port);
  });

  test('where that hangs too, a Toxiproxy of our own is started anew', async () => {
    let restarts = 0;
    const restartToxiproxy = async (): Promise<void> => void restarts++;
    const { client } = await behind(/^DELETE/, { restartToxiproxy });
    await client.inject('llm', 'slow', LATENCY);
    await client.heal('all');
    expect(restarts).toBe(1);
  });

  test('where nothing helps, the heal fails and says so', async () => {
    const { client } = await behind(/^DELETE/);
    await client.inject('llm', 'slow', LATENCY);
    await expect(client.heal('all')).rejects.toThrow(
      /^lifting slow from llm: the control API hangs, and so does every way around it/,
    );
  });

  test('one fault that cannot be lifted does not keep the others', async () => {
    const { client, tap } = await behind(/^DELETE/);
    await client.inject('llm', 'slow', LATENCY);
    await client.inject('llm', 'cut', { type: 'down', attributes: {} });
    await expect(client.heal('all')).rejects.toThrow(/hangs/);
    expect(tap.get('llm')?.enabled).toBe(true);
  });
});

test('an API that accepts and never answers is given up on, in bounded time', async () => {
  const silent = `http://127.0.0.1:${await listen(cleanup, net.createServer())}`;
  const client = new FaultClient({ url: silent, protocols: {}, toxiproxyUrl: null });
  await expect(client.inject('llm', 'slow', LATENCY)).rejects.toThrow(
    /^injecting latency on llm: waited 5000 ms in vain for an answer from the link's API/,
  );
}, 15_000);
