import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Toxiproxy } from 'toxiproxy-node-client';
import { buildApi } from '../../../harness/link/api/server.ts';
import { FaultClient } from '../../../harness/link/client.ts';
import { EventFeed } from '../../../harness/link/feed.ts';
import { Link } from '../../../harness/link/link.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { Cleanup, connect, echoServer, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

let url: string;
let upstream: string;
let warnings: string[];

beforeEach(async () => {
  upstream = `127.0.0.1:${await listen(cleanup, echoServer())}`;
  const links = new Map<string, Link>();
  warnings = [];
  const feed = new EventFeed();
  const api = buildApi({
    links,
    feed,
    now: () => 0,
    makeLink: (name, address, to, protocol) =>
      new Link({
        name,
        listen: address,
        upstream: to,
        protocol,
        seed: 1,
        now: clockFrom(process.hrtime.bigint()),
        emit: feed.emit,
      }),
    warn: (text) => void warnings.push(text),
  });
  url = await api.listen({ host: '127.0.0.1', port: 0 });
  cleanup.add(async () => {
    await api.close();
    for (const link of links.values()) await link.dispose();
  });
});

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown; type: string | null }> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /^[[{]/.test(text);
  return {
    status: response.status,
    body: isJson ? JSON.parse(text) : text,
    type: response.headers.get('content-type'),
  };
}

describe('the Toxiproxy API', () => {
  test('creates, reads, lists, changes and deletes a proxy', async () => {
    const created = await call('POST', '/proxies', { name: 'a', upstream });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      name: 'a',
      upstream,
      enabled: true,
      toxics: [],
      listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]/),
    });
    expect((await call('GET', '/proxies')).body).toEqual({ a: created.body });
    expect((await call('GET', '/proxies/a')).body).toEqual(created.body);
    expect((await call('PATCH', '/proxies/a', { enabled: false })).body).toMatchObject({ enabled: false });
    expect((await call('POST', '/proxies/a', { enabled: true })).body).toMatchObject({ enabled: true });
    expect((await call('DELETE', '/proxies/a')).status).toBe(204);
    expect((await call('GET', '/proxies/a')).status).toBe(404);
  });

  test('adds, changes and removes toxics with Toxiproxy’s names and defaults', async () => {
    await call('POST', '/proxies', { name: 'a', upstream });
    const added = await call('POST', '/proxies/a/toxics', { type: 'latency', attributes: { latency: 10 } });
    expect(added).toMatchObject({
      status: 200,
      body: {
        name: 'latency_downstream',
        type: 'latency',
        stream: 'downstream',
        toxicity: 1,
        attributes: { latency: 10, jitter: 0 },
      },
    });
    const changed = await call('PATCH', '/proxies/a/toxics/latency_downstream', {
      attributes: { jitter: 3 },
      stream: 'upstream',
    });
    expect(changed.body).toMatchObject({ stream: 'downstream', attributes: { latency: 10, jitter: 3 } });
    expect((await call('GET', '/proxies/a/toxics')).body).toHaveLength(1);
    expect((await call('DELETE', '/proxies/a/toxics/latency_downstream')).status).toBe(204);
    expect((await call('GET', '/proxies/a/toxics')).body).toEqual([]);
  });

  test('reset lifts toxics and enables every proxy', async () => {
    await call('POST', '/proxies', { name: 'a', upstream });
    await call('POST', '/proxies/a/toxics', { type: 'timeout' });
    await call('POST', '/proxies/a', { enabled: false });
    expect((await call('POST', '/reset')).status).toBe(204);
    expect((await call('GET', '/proxies/a')).body).toMatchObject({ enabled: true, toxics: [] });
  });

  test('populate answers 201 with all proxies and honours enabled', async () => {
    const answer = await call('POST', '/populate', [
      { name: 'a', upstream },
      { name: 'b', upstream, enabled: false },
    ]);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      proxies: [
        { name: 'a', enabled: true },
        { name: 'b', enabled: false },
      ],
    });
    await call('POST', '/populate', [{ name: 'b', upstream, enabled: true }]);
    expect((await call('GET', '/proxies/b')).body).toMatchObject({ enabled: true });
  });

  test.each([
    ['POST', '/proxies', '{', 400, /^bad request body: /],
    ['POST', '/proxies', { upstream: 'x:1' }, 400, /^missing required field: name$/],
    ['POST', '/proxies', { name: 'n' }, 400, /^missing required field: upstream$/],
    ['POST', '/proxies', { name: 'taken', upstream: 'x:1' }, 409, /^proxy already exists$/],
    ['POST', '/proxies', { name: 'n', upstream: 'x:1', listen: 'nonsense' }, 500, /missing port in address/],
    [
      'POST',
      '/proxies',
      { name: 'n', upstream: 'x:1', listen: '203.0.113.1:1' },
      500,
      /^listen tcp 203\.0\.113\.1:1: bind: cannot assign requested address$/,
    ],
    ['GET', '/proxies/none', undefined, 404, /^proxy not found$/],
    ['PATCH', '/proxies/none', {}, 404, /^proxy not found$/],
    ['POST', '/proxies/taken/toxics', { type: 'nonsense' }, 400, /^invalid toxic type$/],
    [
      'POST',
      '/proxies/taken/toxics',
      { type: 'latency', stream: 'sideways' },
      400,
      /^stream was invalid, can be either upstream or downstream$/,
    ],
    [
      'POST',
      '/proxies/taken/toxics',
      { type: 'latency', attributes: { latency: 1.5 } },
      400,
      /^bad request body: latency/,
    ],
    [
      'POST',
      '/proxies/taken/toxics',
      { type: 'bandwidth', attributes: { rate: -1 } },
      400,
      /^bad request body: rate/,
    ],
    ['POST', '/proxies/taken/toxics', { type: 'slicer' }, 400, /^bad request body: average_size/],
    ['POST', '/proxies/taken/toxics', { type: 'latency', toxicity: 7 }, 400, /toxicity must be from 0 to 1/],
    ['GET', '/proxies/taken/toxics/none', undefined, 404, /^toxic not found$/],
    [
      'POST',
      '/proxies/taken/faults',
      { name: 'f', type: 'latency' },
      400,
      /only faults above TCP live here; toxics are under \/toxics/,
    ],
    ['DELETE', '/proxies/taken/faults/none', undefined, 404, /^fault not found$/],
    ['POST', '/populate', [{ name: 'x' }], 400, /^missing required field: upstream at proxy 1$/],
  ])('%s %s %j is answered %d', async (method, path, body, status, error) => {
    await call('POST', '/proxies', { name: 'taken', upstream });
    const answer = await call(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe(path === '/populate' ? 'application/json' : 'text/plain; charset=utf-8');
    expect(answer.body).toMatchObject({ status, error: expect.stringMatching(error) });
  });

  test('answers a taken port with 500 and the reason', async () => {
    const first = await call('POST', '/proxies', { name: 'a', upstream });
    const { listen: taken } = first.body as { listen: string };
    const second = await call('POST', '/proxies', { name: 'b', upstream, listen: taken });
    expect(second).toMatchObject({
      status: 500,
      body: { error: expect.stringMatching(/bind: address already in use$/) },
    });
    expect((await call('GET', '/proxies/b')).status).toBe(404);
  });

  test('answers an unknown path with 404 and another method with 405', async () => {
    expect(await call('GET', '/nonsense')).toMatchObject({ status: 404, body: '404 page not found\n' });
    expect(await call('PUT', '/proxies')).toMatchObject({ status: 405, body: '' });
  });

  test('takes unknown attributes as Toxiproxy does, with a warning', async () => {
    await call('POST', '/proxies', { name: 'a', upstream });
    expect(
      (await call('POST', '/proxies/a/toxics', { type: 'latency', attributes: { latencyy: 100 } })).status,
    ).toBe(200);
    expect(warnings).toEqual(['toxic latency: unknown attribute latencyy ignored']);
  });

  test('is driven by toxiproxy-node-client without noticing', async () => {
    const client = new Toxiproxy(url);
    const proxy = await client.createProxy({ name: 'node', listen: '127.0.0.1:0', upstream });
    const toxic = await proxy.addToxic({
      name: 'slow',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
      attributes: { latency: 5, jitter: 0 },
    });
    expect((await client.get('node')).enabled).toBe(true);
    await toxic.remove();
    await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    expect(Object.keys(await client.getAll())).toEqual(['node']);
    await client.reset();
    await proxy.remove();
    expect(await client.getAll()).toEqual({});
  });
});

describe('the fault client', () => {
  test('arms each plane, lists what is left, and heals all of it', async () => {
    const { body } = await call('POST', '/proxies', { name: 'llm', upstream, protocol: 'http' });
    const port = Number((body as { listen: string }).listen.split(':')[1]);
    const client = new FaultClient({ url, protocols: { llm: 'http' }, toxiproxyUrl: null });
    await client.inject('llm', 'slow', { type: 'latency', attributes: { latency: 5 } });
    await client.inject('llm', 'bad', { type: 'http_status', attributes: { status: 500 } });
    await client.inject('llm', 'cut', { type: 'down', attributes: {} });
    expect(await client.residue()).toEqual(['link llm is down', 'slow on llm', 'bad on llm']);
    await expect(connect(cleanup, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await client.heal('all');
    expect(await client.residue()).toEqual([]);
    await connect(cleanup, port);
  });

  test('says what it was doing when the API is gone', async () => {
    const client = new FaultClient({ url: 'http://127.0.0.1:1', protocols: {}, toxiproxyUrl: null });
    await expect(client.inject('llm', 'x', { type: 'latency', attributes: {} })).rejects.toThrow(
      /^injecting latency on llm: /,
    );
  });
});
