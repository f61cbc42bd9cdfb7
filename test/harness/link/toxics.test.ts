import net from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { resolveFault } from '../../../harness/link/faults.ts';
import type { Line, ToxicSpec } from '../../../harness/link/toxic.ts';
import { bandwidth } from '../../../harness/link/toxics/bandwidth.ts';
import { Fault, type FaultInput } from '../../../harness/model/fault.ts';
import { Cleanup, connect, echoServer, listen, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function toxicOf(fault: FaultInput, name = `t-${fault.type}`): ToxicSpec {
  const armed = resolveFault(Fault.parse(fault), name, 'tcp', 'test');
  if (armed.plane !== 'toxic') throw new Error('not a toxic');
  return armed.toxic;
}

async function linkToEcho(seed = 1): Promise<TestLink> {
  return startLink(cleanup, await listen(cleanup, echoServer()), { seed });
}

async function roundTripMs(link: TestLink, bytes = 'ping'): Promise<number> {
  const client = await connect(cleanup, link.port);
  const fromMs = performance.now();
  client.socket.write(bytes);
  await client.got(bytes.length);
  return performance.now() - fromMs;
}

describe('latency', () => {
  test('delays each direction it is put on', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 120 }, stream: 'upstream' }, 'up'));
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 80 } }, 'down'));
    expect(await roundTripMs(link)).toBeGreaterThanOrEqual(199);
  });

  test('pipelines: ten chunks under 200 ms of latency take far less than two seconds', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 200 } }));
    const client = await connect(cleanup, link.port);
    const fromMs = performance.now();
    for (let i = 0; i < 10; i++) client.socket.write(`${i}`.repeat(100));
    await client.got(1000);
    const tookMs = performance.now() - fromMs;
    expect(tookMs).toBeGreaterThanOrEqual(199);
    expect(tookMs).toBeLessThan(1_000);
  });

  test('with jitter keeps the order of bytes', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 20, jitter: 20 } }));
    const client = await connect(cleanup, link.port);
    const sent = Buffer.from(Array.from({ length: 200 }, (_, i) => i));
    for (const byte of sent) client.socket.write(Buffer.from([byte]));
    expect(await client.got(sent.length)).toEqual(sent);
  });

  test('lets go of what it holds when it is removed', async () => {
    const link = await linkToEcho();
    const slow = link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 60_000 } }));
    const client = await connect(cleanup, link.port);
    client.socket.write('held');
    await link.saw('the connection', (event) => event.kind === 'connection' && event.what === 'opened');
    const arrived = client.got(4);
    // The bytes are inside the link once the echo has sent them back; a second connection proves the turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    link.link.removeToxic(slow);
    expect((await arrived).toString()).toBe('held');
  });

  test('holds a FIN behind the data it delays', async () => {
    const server = net.createServer((socket) => socket.end('last words'));
    const link = await startLink(cleanup, await listen(cleanup, server));
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 50 } }));
    const client = await connect(cleanup, link.port);
    expect(await client.ended).toBe('fin');
    expect(client.received().toString()).toBe('last words');
  });
});

describe('bandwidth', () => {
  test('passes about as many bytes a second as asked', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'bandwidth', attributes: { rate: 100 } }));
    const tookMs = await roundTripMs(link, 'x'.repeat(50_000));
    expect(tookMs).toBeGreaterThanOrEqual(450);
    expect(tookMs).toBeLessThan(1_500);
  });

  test('keeps its rate though every timer is late', () => {
    let nowMs = 0;
    const timers: { act(): void; ms: number }[] = [];
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    jest.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms: number) => {
      timers.push({ act, ms });
      return timers.length;
    }) as unknown as typeof setTimeout);
    try {
      let passedBytes = 0;
      const line = { push: (chunk: Buffer) => (passedBytes += chunk.length) } as unknown as Line;
      bandwidth.attach(line, () => ({ rate: 100 })).write(Buffer.alloc(100_000));
      for (let timer = timers.shift(); timer !== undefined; timer = timers.shift()) {
        nowMs += timer.ms + 15;
        timer.act();
      }
      expect(passedBytes).toBe(100_000);
      expect(nowMs).toBeGreaterThanOrEqual(1_000);
      expect(nowMs).toBeLessThan(1_020); // the last timer is late too
    } finally {
      jest.restoreAllMocks();
    }
  });

  test('rate 0 stops the stream until it is removed', async () => {
    const link = await linkToEcho();
    const stop = link.link.addToxic(toxicOf({ type: 'bandwidth', attributes: { rate: 0 } }));
    const client = await connect(cleanup, link.port);
    client.socket.write('stuck');
    await link.saw('the connection', (event) => event.kind === 'connection');
    expect(client.received()).toHaveLength(0);
    link.link.removeToxic(stop);
    expect((await client.got(5)).toString()).toBe('stuck');
  });
});

describe('timeout', () => {
  test('drops data and closes after the time without data', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'timeout', attributes: { timeout: 100 } }));
    const client = await connect(cleanup, link.port);
    const fromMs = performance.now();
    client.socket.write('lost');
    expect(await client.ended).toBe('fin');
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(99);
    expect(client.received()).toHaveLength(0);
  });

  test('with 0 never closes, and closes what it held when it is removed', async () => {
    const link = await linkToEcho();
    const hole = link.link.addToxic(toxicOf({ type: 'timeout', attributes: { timeout: 0 } }));
    const client = await connect(cleanup, link.port);
    client.socket.write('lost');
    await link.saw('the connection', (event) => event.kind === 'connection');
    link.link.removeToxic(hole);
    expect(await client.ended).toBe('fin');
    expect(client.received()).toHaveLength(0);
  });
});

describe('reset_peer', () => {
  test('resets a connection that was open before the toxic came', async () => {
    const link = await linkToEcho();
    const client = await connect(cleanup, link.port);
    client.socket.write('x');
    await client.got(1);
    link.link.addToxic(toxicOf({ type: 'reset_peer', stream: 'upstream' }));
    client.socket.write('y');
    expect(await client.ended).toBe('ECONNRESET');
  });

  test('resets a new connection at its first bytes', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'reset_peer', stream: 'upstream' }));
    const client = await connect(cleanup, link.port);
    client.socket.write('x');
    expect(await client.ended).toBe('ECONNRESET');
  });

  test('with toxicity 0 resets none', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'reset_peer', toxicity: 0 }));
    const client = await connect(cleanup, link.port);
    client.socket.end('x');
    expect(await client.ended).toBe('fin');
    expect(client.received().toString()).toBe('x');
  });
});

describe('the other toxics', () => {
  test('slow_close delays the FIN and not the data', async () => {
    const server = net.createServer((socket) => socket.end('bye'));
    const link = await startLink(cleanup, await listen(cleanup, server));
    link.link.addToxic(toxicOf({ type: 'slow_close', attributes: { delay: 150 } }));
    const client = await connect(cleanup, link.port);
    await client.got(3);
    const fromMs = performance.now();
    expect(await client.ended).toBe('fin');
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(100);
  });

  test('limit_data passes exactly so many bytes and then closes', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'limit_data', attributes: { bytes: 7 } }));
    const client = await connect(cleanup, link.port);
    client.socket.write('0123456789');
    expect(await client.ended).toBe('fin');
    expect(client.received().toString()).toBe('0123456');
  });

  test('slicer changes no byte', async () => {
    const link = await linkToEcho();
    link.link.addToxic(
      toxicOf({ type: 'slicer', attributes: { average_size: 10, size_variation: 5, delay: 10 } }),
    );
    const client = await connect(cleanup, link.port);
    const sent = 'abcdefghij'.repeat(50);
    client.socket.write(sent);
    expect((await client.got(sent.length)).toString()).toBe(sent);
  });

  test('a chain applies in order: what limit_data cuts, latency still delays', async () => {
    const link = await linkToEcho();
    link.link.addToxic(toxicOf({ type: 'latency', attributes: { latency: 60 } }));
    link.link.addToxic(toxicOf({ type: 'limit_data', attributes: { bytes: 3 } }));
    const client = await connect(cleanup, link.port);
    const fromMs = performance.now();
    client.socket.write('abcdef');
    expect(await client.ended).toBe('fin');
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(59);
    expect(client.received().toString()).toBe('abc');
  });
});

describe('toxicity', () => {
  async function pattern(seed: number): Promise<string> {
    const link = await linkToEcho(seed);
    link.link.addToxic(toxicOf({ type: 'noop', toxicity: 0.5 }));
    let drawn = '';
    for (let i = 0; i < 24; i++) {
      const client = await connect(cleanup, link.port);
      client.socket.end('x');
      await client.ended;
    }
    await link.saw(
      '24 closed connections',
      () => link.of('connection').filter(({ what }) => what === 'closed').length === 24,
    );
    for (const { faults } of link.of('connection').filter(({ what }) => what === 'closed'))
      drawn += faults.length;
    return drawn;
  }

  test('is drawn once per connection, recorded, and decided by the seed', async () => {
    const first = await pattern(42);
    expect(first).toMatch(/0/);
    expect(first).toMatch(/1/);
    expect(await pattern(42)).toBe(first);
    expect(await pattern(43)).not.toBe(first);
  });
});

describe('a bad fault', () => {
  test.each([
    [{ type: 'latncy' }, /unknown fault type "latncy"; did you mean "latency"\?/],
    [{ type: 'latency', attributes: { latencyy: 1 } }, /unknown key "latencyy".*did you mean "latency"\?/],
    [{ type: 'latency', attributes: { latency: -5 } }, /latency must be at least 0, got -5/],
    [{ type: 'bandwidth', attributes: { rate: -1 } }, /rate must be at least 0, got -1/],
    [{ type: 'slicer' }, /average_size must be a number, got nothing/],
    [
      { type: 'slicer', attributes: { average_size: 5, size_variation: 9 } },
      /size_variation must be below average_size/,
    ],
    [
      { type: 'http_status', attributes: { status: 500 } },
      /needs a link whose protocol is http, this one's is tcp/,
    ],
    [{ type: 'down', attributes: { x: 1 } }, /"down" takes no attributes/],
    [{ type: 'latency', probability: 0.5 }, /"latency" takes no probability/],
    [{ type: 'latency', match: { model: 'm' } }, /"latency" takes no match\.model/],
    [{ type: 'black_hole', times: 3 }, /"black_hole" takes no times/],
  ])('%j is refused with a sentence', (fault, sentence) => {
    expect(() => toxicOf(fault as FaultInput)).toThrow(sentence);
  });
});
