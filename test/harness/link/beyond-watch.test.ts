/** What our API shows while things happen: events, metrics that move; and TLS that the link speaks in the target's place. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { send } from '../../support/api-call.ts';
import { openEvents } from '../../support/event-stream.ts';
import { Cleanup, listen } from '../../support/sockets.ts';
import { startOurs, testWith } from '../../support/toxiproxy.ts';
import { Side, startUpstreams } from '../../support/wire.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

let side: Side;
beforeEach(async () => {
  side = new Side(await startOurs(cleanup), await startUpstreams(cleanup), cleanup, startOurs);
});

/** A proxy in front of an HTTP server, at its address. */
async function httpProxy(name: string, upstream: string, more: object = {}): Promise<string> {
  const body = JSON.stringify({ name, upstream, protocol: 'http', ...more });
  const made = (await side.call(`POST /proxies ${body}`)) as { listen: string };
  return `http://${made.listen}`;
}

const fetchOnce = (url: string): Promise<Response> => fetch(url, { headers: { connection: 'close' } });

describe('GET /events', () => {
  test('shows connections, faults and exchanges as they happen', async () => {
    const events = await openEvents(cleanup, side.url);
    const server = http.createServer((_request, response) => response.end('fine'));
    const url = await httpProxy('web', `127.0.0.1:${await listen(cleanup, server)}`);
    await side.call('POST /proxies/web/faults {"name":"f","type":"http_status","attributes":{"status":418}}');
    await fetchOnce(`${url}/path?x=1`);
    await side.call('DELETE /proxies/web/faults/f');
    expect(await events.saw('the exchange', ({ kind }) => kind === 'exchange')).toMatchObject({
      link: 'web',
      method: 'GET',
      path: expect.stringMatching(/^\/path/),
      status: 418,
      faults: ['f'],
    });
    await events.saw('the heal', ({ what }) => what === 'healed');
    await events.saw('the close', ({ what }) => what === 'closed');
    expect(events.seen.map(({ kind, what }) => `${kind} ${what ?? ''}`.trim())).toEqual(
      expect.arrayContaining([
        'fault injected',
        'connection opened',
        'exchange',
        'fault healed',
        'connection closed',
      ]),
    );
  });

  test('shows one proxy, or one kind, to those who ask for it', async () => {
    const [one, faults, all] = await Promise.all([
      openEvents(cleanup, side.url, '?proxy=p1'),
      openEvents(cleanup, side.url, '?proxy=p2&kind=fault'),
      openEvents(cleanup, side.url),
    ]);
    for (const proxy of [await side.proxy(side.up.speaker), await side.proxy(side.up.speaker)]) {
      await proxy.call('POST /toxics {"type":"noop"}');
      const client = await proxy.dial();
      await client.end();
      client.socket.end();
    }
    await all.saw('the last event', ({ link, what }) => link === 'p2' && what === 'closed');
    await side.call('DELETE /proxies/p2/toxics/noop_downstream');
    await faults.saw('the heal', ({ what }) => what === 'healed');
    expect(faults.seen.map(({ link, kind, what }) => [link, kind, what])).toEqual([
      ['p2', 'fault', 'injected'],
      ['p2', 'fault', 'healed'],
    ]);
    await one.saw('the close', ({ what }) => what === 'closed');
    expect(new Set(one.seen.map(({ link }) => link))).toEqual(new Set(['p1']));
  });
});

describe('GET /metrics', () => {
  async function metric(name: string, labels: RegExp): Promise<number> {
    const { text } = await send(side.url, 'GET /metrics');
    const line = text
      .split('\n')
      .find((candidate) => candidate.startsWith(`${name}{`) && labels.test(candidate));
    return Number(line?.split(' ').at(-1));
  }

  test('moves while a connection lives', async () => {
    const proxy = await side.proxy(side.up.echo);
    const client = await proxy.dial();
    const bytes = 'toxiproxy_proxy_received_bytes_total';
    const sent = 'toxiproxy_proxy_sent_bytes_total';
    for (const total of [5, 10]) {
      await client.echo('12345');
      expect(await metric(bytes, /direction="upstream"/)).toBe(total);
      expect(await metric(sent, /direction="downstream"/)).toBe(total);
    }
    expect(await metric('tripcurve_link_open_connections', /proxy="p1"/)).toBe(1);
    expect(await metric('tripcurve_link_connections_total', /state="accepted"/)).toBe(1);
    const { text } = await send(side.url, 'GET /metrics');
    expect(text).toContain(
      `${bytes}{direction="upstream",proxy="p1",listener="127.0.0.1:${proxy.port}",upstream="127.0.0.1:${side.up.echo}"} 10`,
    );
  });

  test('counts what the dependency refused', async () => {
    await (await (await side.proxy(side.up.nobody)).dial()).end();
    expect(await metric('tripcurve_link_connections_total', /state="refused"/)).toBe(1);
  });
});

function opensslOrWhy(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no openssl here';
  }
}

describe('TLS to the dependency', () => {
  const testTls = testWith({ openssl: opensslOrWhy() });
  let port = 0;
  let ca = '';
  beforeEach(async () => {
    if (opensslOrWhy() !== undefined) return;
    const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
    cleanup.add(() => rm(dir, { recursive: true, force: true }));
    const [keyFile, certFile] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')];
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=llm.test', '-addext', 'subjectAltName=DNS:llm.test'],
      ...['-keyout', keyFile, '-out', certFile],
    ]);
    ca = await readFile(certFile, 'utf8');
    const server = https.createServer({ key: await readFile(keyFile), cert: ca }, (request, response) => {
      response.end(`host ${request.headers.host}, path ${request.url}`);
    });
    port = await listen(cleanup, server);
  });

  testTls('is spoken by the link, to the name that the certificate has', async () => {
    const url = await httpProxy('api', `127.0.0.1:${port}`, { tls: { ca, servername: 'llm.test' } });
    const answer = await fetchOnce(`${url}/v1/models`);
    expect(await answer.text()).toBe(`host llm.test:${port}, path /v1/models`);
    await side.call('POST /proxies/api/faults {"name":"f","type":"http_status","attributes":{"status":429}}');
    expect((await fetchOnce(url)).status).toBe(429);
  });

  testTls('is refused where the certificate is not to be trusted: connect, then FIN', async () => {
    const events = await openEvents(cleanup, side.url);
    const url = await httpProxy('api', `127.0.0.1:${port}`, { tls: { servername: 'llm.test' } });
    await expect(fetchOnce(url)).rejects.toThrow();
    await events.saw('the refusal', ({ what }) => what === 'refused');
  });

  testTls('is refused where the name is another', async () => {
    const url = await httpProxy('api', `127.0.0.1:${port}`, { tls: { ca, servername: 'other.test' } });
    await expect(fetchOnce(url)).rejects.toThrow();
  });
});
