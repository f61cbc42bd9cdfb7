/** Much at once through a link: long streams both ways, bit for bit, and thousands of connections. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Cleanup, echoServer, listen, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const STREAM_BYTES = 64 * 1024 * 1024;
/** No divisor of anything, so that pieces are cut everywhere on their way. */
const PIECE_BYTES = 250_007;
const CONNECTIONS = 2_000;

/** Writes the stream with backpressure, each piece bearing its number; returns its hash. */
async function send(to: Writable): Promise<string> {
  const hash = createHash('sha256');
  const noise = randomBytes(PIECE_BYTES);
  for (let sentBytes = 0, i = 0; sentBytes < STREAM_BYTES; i++) {
    const piece = Buffer.from(noise.subarray(0, Math.min(PIECE_BYTES, STREAM_BYTES - sentBytes)));
    piece.writeUInt32BE(i);
    sentBytes += piece.length;
    hash.update(piece);
    if (!to.write(piece)) await once(to, 'drain');
  }
  to.end();
  return hash.digest('hex');
}

async function receive(from: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of from) hash.update(chunk);
  return hash.digest('hex');
}

/** Sends the stream over a raw connection to an echo, and compares what comes back meanwhile. */
async function expectRawEcho(link: TestLink): Promise<void> {
  const socket = net.connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  cleanup.add(() => socket.destroy());
  const [sent, received] = await Promise.all([send(socket), receive(socket)]);
  expect(received).toBe(sent);
}

describe('a link carries 64 MiB both ways at once, bit for bit', () => {
  test('as tcp', async () => {
    const link = await startLink(cleanup, await listen(cleanup, echoServer()));
    await expectRawEcho(link);
    expect(link.link.counters).toMatchObject({
      upstreamIn: STREAM_BYTES,
      upstreamOut: STREAM_BYTES,
      downstreamIn: STREAM_BYTES,
      downstreamOut: STREAM_BYTES,
    });
  }, 20_000);

  test('as postgres, though it is none, which it says once', async () => {
    const link = await startLink(cleanup, await listen(cleanup, echoServer()), { protocol: 'postgres' });
    await expectRawEcho(link);
    expect(link.of('note').map(({ text }) => text)).toEqual([
      expect.stringMatching(/not PostgreSQL protocol 3; passing bytes unread/),
    ]);
  }, 20_000);

  test('as http, in a chunked request and its chunked answer', async () => {
    const server = http.createServer((request, response) => request.pipe(response));
    const link = await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
    const request = http.request({ port: link.port, host: '127.0.0.1', method: 'POST', agent: false });
    const answered = once(request, 'response').then(([response]) => receive(response as Readable));
    const [sent, received] = await Promise.all([send(request), answered]);
    expect(received).toBe(sent);
    await link.saw('the exchange', (event) => event.kind === 'exchange' && event.outcome === 'answered');
    expect(link.of('note')).toEqual([]);
  }, 20_000);

  test('as http with a stream of events, which it counts on the way', async () => {
    const events = 20_000;
    const event = `data: {"response":"${'x'.repeat(1_000)}"}\n\n`;
    const server = http.createServer(async (_request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      for (let i = 0; i < events; i += 100) {
        if (!response.write(event.repeat(100))) await once(response, 'drain');
      }
      response.end();
    });
    const link = await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
    const response = await fetch(`http://127.0.0.1:${link.port}/`);
    expect((await response.arrayBuffer()).byteLength).toBe(events * event.length);
    const seen = await link.saw('the exchange', ({ kind }) => kind === 'exchange');
    expect(seen).toMatchObject({ outcome: 'answered', tokens: events });
  }, 20_000);
});

test('2,000 connections that are open at once each get their own echo', async () => {
  const link = await startLink(cleanup, await listen(cleanup, echoServer()));
  const echoes = Array.from({ length: CONNECTIONS }, async (_, i) => {
    const said = `connection ${i}`;
    const socket = net.connect({ port: link.port, host: '127.0.0.1' }).setEncoding('latin1');
    cleanup.add(() => socket.destroy());
    socket.write(said);
    let heard = '';
    while (heard.length < said.length) heard += (await once(socket, 'data'))[0];
    return { said, heard };
  });
  for (const { said, heard } of await Promise.all(echoes)) expect(heard).toBe(said);
  expect(link.link.counters).toMatchObject({ connections: CONNECTIONS, open: CONNECTIONS });
}, 20_000);
