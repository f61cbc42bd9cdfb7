/** What our API has beyond Toxiproxy's: leases, matching, other ways to fail, proxies that are born with faults. */
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../../harness/environment/free-port.ts';
import { openBlackHole } from '../../../harness/link/black-hole.ts';
import { send } from '../../support/api-call.ts';
import { type EventStream, openEvents } from '../../support/event-stream.ts';
import { Cleanup, listen } from '../../support/sockets.ts';
import { startOurs } from '../../support/toxiproxy.ts';
import { Side, startUpstreams, timed } from '../../support/wire.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

let side: Side;
let events: EventStream;
beforeEach(async () => {
  side = new Side(await startOurs(cleanup), await startUpstreams(cleanup), cleanup, startOurs);
  events = await openEvents(cleanup, side.url);
});

/** Settles when a fault has been healed so many times. */
const healed = (fault: string, times = 1): Promise<unknown> =>
  events.saw(`${fault} to be healed`, () => {
    const heals = events.seen.filter((event) => event.fault === fault && event.what === 'healed');
    return heals.length === times;
  });

/** Whether a dial is made, refused, or left without an answer for a while. */
function dialOutcome(port: number): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  cleanup.add(() => socket.destroy());
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'failed'));
    setTimeout(() => resolve('no answer'), 600); // on loopback an answer takes well under a millisecond
  });
}

/** A server that tells what it was asked. */
async function httpServer(): Promise<number> {
  const server = http.createServer((request, response) =>
    response.end(`${request.headers.host}${request.url}`),
  );
  return listen(cleanup, server);
}

async function get(port: number, path = '/'): Promise<number> {
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return status;
}

async function httpProxy(): Promise<number> {
  const made = await side.call(
    `POST /proxies {"name":"web","upstream":"127.0.0.1:${await httpServer()}","protocol":"http"}`,
  );
  return Number((made as { listen: string }).listen.split(':')[1]);
}

describe('a lease', () => {
  test('lifts a toxic', async () => {
    const proxy = await side.proxy(side.up.speaker, {
      type: 'limit_data',
      attributes: { bytes: 4 },
      expiresMs: 800,
    });
    expect(await (await proxy.dial()).end()).toEqual({ bytes: 'last', end: 'fin' });
    expect(await proxy.call('GET /toxics')).toMatchObject([
      { name: 'limit_data_downstream', expiresMs: 800 },
    ]);
    await healed('limit_data_downstream');
    expect(await proxy.call('GET /toxics')).toEqual([]);
    expect(await (await proxy.dial()).end()).toEqual({ bytes: 'last words', end: 'fin' });
  });

  test('lifts a fault above TCP', async () => {
    const port = await httpProxy();
    await side.call(
      'POST /proxies/web/faults {"name":"f","type":"http_status","attributes":{"status":503},"expiresMs":800}',
    );
    expect(await get(port)).toBe(503);
    await healed('f');
    expect(await get(port)).toBe(200);
    expect(await side.call('GET /proxies/web/faults')).toEqual([]);
  });

  test('enables a disabled proxy, with its toxics', async () => {
    const proxy = await side.proxy(side.up.speaker, { type: 'limit_data', attributes: { bytes: 4 } });
    await proxy.call('POST  {"enabled":false,"expiresMs":800}');
    expect(await dialOutcome(proxy.port)).toBe('ECONNREFUSED');
    await healed('down');
    expect(await (await proxy.dial()).end()).toEqual({ bytes: 'last', end: 'fin' });
    expect(await proxy.call('GET ')).toMatchObject({ enabled: true, listen: `127.0.0.1:${proxy.port}` });
  });

  test('can be given to what is already disabled', async () => {
    const proxy = await side.proxy(side.up.echo);
    await proxy.call('POST  {"enabled":false}');
    await proxy.call('POST  {"enabled":false,"expiresMs":200}');
    await healed('down', 2); // the first was the one without a lease
    expect(await (await proxy.dial()).echo('x')).toBe('x');
  });

  test('does not outlive what it was for: the next of the same name stays', async () => {
    const proxy = await side.proxy(side.up.echo);
    await proxy.call('POST /toxics {"type":"noop","name":"n","expiresMs":100}');
    await proxy.call('DELETE /toxics/n');
    await proxy.call('POST /toxics {"type":"noop","name":"n"}');
    await proxy.call('POST /toxics {"type":"noop","name":"later","expiresMs":200}');
    await healed('later');
    expect(await proxy.call('GET /toxics')).toMatchObject([{ name: 'n' }]);
  });
});

describe('match', () => {
  /** Which of so many connections a toxic hits. */
  async function hits(spec: object, connections: number): Promise<string> {
    const proxy = await side.proxy(side.up.speaker, {
      type: 'limit_data',
      attributes: { bytes: 4 },
      ...spec,
    });
    let drawn = '';
    for (let i = 0; i < connections; i++)
      drawn += (await (await proxy.dial()).end()).bytes === 'last' ? 'X' : '.';
    return drawn;
  }

  test.each([
    [{ match: { nth: 2 } }, '.X...'],
    [{ match: { every: 2 } }, '.X.X.'],
    [{ times: 2 }, 'XX...'],
    [{ match: { every: 2 }, times: 1 }, '.X...'],
    [{ match: { nth: 3 }, toxicity: 0 }, '.....'],
  ])('%j hits %s', async (spec, drawn) => {
    expect(await hits(spec, 5)).toBe(drawn);
  });

  test('afterBytes lets exactly so many pass first', async () => {
    const proxy = await side.proxy(side.up.echo, {
      type: 'limit_data',
      attributes: { bytes: 2 },
      match: { afterBytes: 5 },
    });
    const client = await proxy.dial();
    client.socket.write('0123456789');
    expect(await client.end()).toEqual({ bytes: '0123456', end: 'fin' });
  });

  test('afterMs leaves a connection alone until it is so old', async () => {
    const proxy = await side.proxy(side.up.echo, { type: 'limit_data', match: { afterMs: 700 } });
    const client = await proxy.dial();
    expect(await client.echo('young')).toBe('young');
    await new Promise((resolve) => setTimeout(resolve, 750)); // its age is what is waited for
    client.socket.write('old');
    expect(await client.end()).toEqual({ bytes: 'young', end: 'fin' });
  });

  test.each([
    [{ match: { path: '/' } }, /takes no match\.path/],
    [{ match: { nth: 0 } }, /bad request body: match\.nth/],
    [{ match: { nht: 1 } }, /bad request body: match/],
    [{ times: 0 }, /bad request body: times/],
    [{ expiresMs: -1 }, /bad request body: expiresMs/],
  ])('%j is refused', async (spec, error) => {
    const proxy = await side.proxy(side.up.echo);
    await expect(proxy.call(`POST /toxics ${JSON.stringify({ type: 'noop', ...spec })}`)).rejects.toThrow(
      error,
    );
  });
});

describe('other ways to fail', () => {
  const onLinux = os.platform() === 'linux' ? test : test.skip;

  onLinux(
    'black_hole: no dial is answered, live connections fall silent and go on after the heal',
    async () => {
      const proxy = await side.proxy(side.up.echo);
      const live = await proxy.dial();
      await live.echo('before');
      expect(await proxy.call('POST  {"enabled":false,"closed":"black_hole"}')).toMatchObject({
        enabled: false,
        closed: 'black_hole',
      });
      live.socket.write(' after');
      expect(await Promise.all([dialOutcome(proxy.port), dialOutcome(proxy.port)])).toEqual([
        'no answer',
        'no answer',
      ]);
      expect(live.received()).toBe('before');
      await proxy.call('POST  {"enabled":true}');
      expect(await live.got(12)).toBe('before after');
      expect(await (await proxy.dial()).echo('new')).toBe('new');
      expect(await proxy.call('GET ')).not.toHaveProperty('closed');
    },
  );

  onLinux('black_hole can become down, and ends with its lease', async () => {
    const proxy = await side.proxy(side.up.echo);
    await proxy.call('POST  {"enabled":false,"closed":"black_hole","expiresMs":60000}');
    await proxy.call('POST  {"enabled":false,"closed":"down"}');
    expect(await dialOutcome(proxy.port)).toBe('ECONNREFUSED');
    await proxy.call('POST  {"enabled":false,"closed":"black_hole","expiresMs":500}');
    await healed('black_hole', 2);
    await healed('down');
    expect(await (await proxy.dial()).echo('x')).toBe('x');
  });

  onLinux('a proxy in a black hole can be moved, reset and deleted', async () => {
    const proxy = await side.proxy(side.up.echo);
    await proxy.call('POST  {"enabled":false,"closed":"black_hole"}');
    const port = await freePort();
    await proxy.call(`POST  {"listen":"127.0.0.1:${port}"}`);
    expect(await dialOutcome(port)).toBe('no answer');
    expect(await dialOutcome(proxy.port)).toBe('ECONNREFUSED');
    await side.call('POST /reset');
    expect(await dialOutcome(port)).toBe('connected');
    await proxy.call('POST  {"enabled":false,"closed":"black_hole"}');
    await proxy.call('DELETE ');
    expect(await dialOutcome(port)).toBe('ECONNREFUSED');
  });

  test('accept_then_fin: the dial is answered, and then nothing but a FIN', async () => {
    const proxy = await side.proxy(side.up.echo, { type: 'accept_then_fin' });
    expect(await (await proxy.dial()).end()).toEqual({ bytes: '', end: 'fin' });
  });

  test('half_open: connections there are fall silent, new ones pass, removing it closes the silent', async () => {
    const proxy = await side.proxy(side.up.echo);
    const live = await proxy.dial();
    await live.echo('before');
    await proxy.call('POST /toxics {"type":"half_open","stream":"upstream"}');
    live.socket.write('lost');
    expect(await (await proxy.dial()).echo('new')).toBe('new');
    expect(live.received()).toBe('before');
    await proxy.call('DELETE /toxics/half_open_upstream');
    expect((await live.end()).end).toBe('fin');
  });
});

describe('a proxy that is made with its faults', () => {
  const body = (more: object): string =>
    JSON.stringify({ name: 'born', upstream: `127.0.0.1:${side.up.echo}`, listen: '127.0.0.1:0', ...more });

  test('hits the very first connection', async () => {
    const port = await freePort();
    const toxics = [{ type: 'reset_peer', stream: 'upstream' }];
    const made = side.call(`POST /proxies ${body({ listen: `127.0.0.1:${port}`, toxics })}`);
    // Dialled in a loop from before it listens: the first that gets through must already be hit.
    let outcome = 'ECONNREFUSED';
    while (outcome === 'ECONNREFUSED') {
      outcome = await new Promise((resolve) => {
        const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write('x'));
        socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
        socket.once('data', () => resolve('answered'));
      });
    }
    expect(outcome).toBe('ECONNRESET');
    expect(await made).toMatchObject({ toxics: [{ name: 'reset_peer_upstream' }] });
  });

  test.each([
    [{ toxics: [{ type: 'noop' }, { type: 'noop' }] }, /409 .*toxic already exists/],
    [{ toxics: [{ type: 'nonsense' }] }, /400 .*invalid toxic type/],
    [{ faults: [{ name: 'f', type: 'http_status', attributes: { status: 500 } }] }, /400 .*protocol is http/],
    [{ protocol: 'smtp' }, /400 .*bad request body: protocol/],
  ])('%j is refused, and nothing is left', async (more, error) => {
    await expect(side.call(`POST /proxies ${body(more)}`)).rejects.toThrow(error);
    expect(await side.call('GET /proxies')).toEqual({});
  });

  test('is made once, however many ask at once, and enabled and disabled in turn', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => send(side.url, `POST /proxies ${body({})}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const changes = Array.from({ length: 20 }, (_, i) =>
      side.call(`POST /proxies/born {"enabled":${i % 2 === 1}}`),
    );
    await Promise.all(changes);
    await side.call('POST /proxies/born {"enabled":true}');
    const { listen: at } = (await side.call('GET /proxies/born')) as { listen: string };
    expect(await dialOutcome(Number(at.split(':')[1]))).toBe('connected');
    await side.call('DELETE /proxies/born');
    expect(await dialOutcome(Number(at.split(':')[1]))).toBe('ECONNREFUSED');
  });
});

describe('a dependency that does not answer the dial', () => {
  (os.platform() === 'linux' ? test : test.skip)('blocks neither accepts nor the API', async () => {
    const port = await freePort();
    cleanup.add(await openBlackHole({ host: '127.0.0.1', port }));
    const proxy = await side.proxy(port);
    const clients = await Promise.all(Array.from({ length: 5 }, () => proxy.dial()));
    const other = await side.proxy(side.up.echo);
    for (const call of ['GET ', 'POST  {"enabled":false}', 'POST  {"enabled":true}', 'DELETE '])
      expect(await timed(() => proxy.call(call))).toBeLessThan(2_000);
    expect(await timed(() => side.call('POST /reset'))).toBeLessThan(2_000);
    expect(await (await other.dial()).echo('x')).toBe('x');
    for (const client of clients) expect((await client.end()).end).toMatch(/fin|ECONNRESET/);
  });
});
