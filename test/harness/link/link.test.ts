import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Cleanup, connect, echoServer, listen, startLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a link without faults', () => {
  test('passes 16 MiB both ways bit for bit', async () => {
    const { port } = await startLink(cleanup, await listen(cleanup, echoServer()));
    const client = await connect(cleanup, port);
    const sent = randomBytes(16 * 1024 * 1024);
    client.socket.write(sent);
    expect(sha256(await client.got(sent.length))).toBe(sha256(sent));
  }, 20_000);

  test('keeps the answer when the client has sent FIN (half-close)', async () => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('end', () => socket.end(`answer to ${Buffer.concat(chunks)}`));
    });
    const { port } = await startLink(cleanup, await listen(cleanup, server));
    const client = await connect(cleanup, port);
    client.socket.end('question');
    expect(await client.ended).toBe('fin');
    expect(client.received().toString()).toBe('answer to question');
  });

  test('hands a reset of the dependency on as a reset', async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { port } = await startLink(cleanup, await listen(cleanup, server));
    const client = await connect(cleanup, port);
    client.socket.write('x');
    expect(await client.ended).toBe('ECONNRESET');
  });

  test('records a connection with its bytes and who ended it', async () => {
    const link = await startLink(cleanup, await listen(cleanup, echoServer()));
    const client = await connect(cleanup, link.port);
    client.socket.write('hello');
    await client.got(5);
    client.socket.end();
    const closed = await link.saw(
      'the connection to close',
      (event) => event.kind === 'connection' && event.what === 'closed',
    );
    expect(closed).toMatchObject({ endedBy: 'target', bytesUp: 5, bytesDown: 5, faults: [] });
  });

  test('closes the client and records a refusal when nothing listens behind it', async () => {
    const unused = net.createServer();
    const port = await listen(new Cleanup(), unused);
    await new Promise((resolve) => unused.close(resolve));
    const link = await startLink(cleanup, port);
    const client = await connect(cleanup, link.port);
    expect(await client.ended).toBe('fin');
    await link.saw('a refusal', (event) => event.kind === 'connection' && event.what === 'refused');
  });

  test('carries 300 connections at once', async () => {
    const { port } = await startLink(cleanup, await listen(cleanup, echoServer()));
    const clients = await Promise.all(Array.from({ length: 300 }, () => connect(cleanup, port)));
    for (const [i, { socket }] of clients.entries()) socket.write(`client ${String(i).padStart(4, '0')}`);
    const answers = await Promise.all(clients.map((client) => client.got(11)));
    expect(answers.map(String)).toEqual(clients.map((_, i) => `client ${String(i).padStart(4, '0')}`));
  });
});

describe('a link that is cut', () => {
  test('refuses new connections, cuts live ones, says so, and serves again when restored', async () => {
    const link = await startLink(cleanup, await listen(cleanup, echoServer()));
    const live = await connect(cleanup, link.port);
    live.socket.write('x');
    await live.got(1);
    await link.link.cut();
    expect(await live.ended).toMatch(/fin|ECONNRESET/);
    await expect(connect(cleanup, link.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(link.of('connection').find(({ what }) => what === 'closed')).toMatchObject({
      faults: ['down'],
      endedBy: 'link',
    });

    await link.link.restore();
    expect(link.link.listen.port).toBe(link.port);
    const again = await connect(cleanup, link.port);
    again.socket.write('y');
    expect((await again.got(1)).toString()).toBe('y');
    expect(link.of('fault').map(({ what }) => what)).toEqual(['injected', 'healed']);
  });
});
