/** Faults on HTTP as such, against the stand-ins and small servers, over real sockets. */
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { buildLlm } from '../../../services/llm/server.ts';
import {
  bodiesIn,
  exchanges,
  faultyLink,
  httpServer,
  oneConnection,
  receivedUntil,
  send,
} from '../../support/faulty.ts';
import { Cleanup, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const llm = buildLlm();
let llmPort: number;
beforeAll(async () => {
  llmPort = Number(new URL(await llm.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => llm.close());

const CHAT = '/v1/chat/completions';
const question = { model: 'stand-in-1', messages: [{ role: 'user', content: 'Where do falcons nest?' }] };

const arm = (fault: FaultInput) => faultyLink(cleanup, llmPort, fault);

describe('http_slow_first_byte', () => {
  test('keeps the answer back for the delay, and changes nothing in it', async () => {
    const link = await arm({ type: 'http_slow_first_byte', attributes: { delay_ms: 300 }, times: 1 });
    const ask = oneConnection(cleanup, link.port);
    const startMs = performance.now();
    const slow = await ask('POST', CHAT, question);
    expect(performance.now() - startMs).toBeGreaterThan(290);
    const usual = await ask('POST', CHAT, question);
    expect(slow.headers['content-length']).toBe(usual.headers['content-length']);
    expect(JSON.parse(slow.body).choices).toEqual(JSON.parse(usual.body).choices);
    expect(link.hits()).toEqual([['f'], []]);
  });

  test('makes the dependency wait instead of filling memory', async () => {
    const MIB = 1024 * 1024;
    let written = 0;
    const server = net.createServer((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${64 * MIB}\r\n\r\n`);
        const more = (): void => {
          while (written < 64 * MIB) {
            written += MIB;
            if (!socket.write(Buffer.alloc(MIB))) return;
          }
        };
        socket.on('drain', more);
        more();
      });
    });
    const link = await faultyLink(cleanup, await listen(cleanup, server), {
      type: 'http_slow_first_byte',
      attributes: { delay_ms: 400 },
    });
    const startMs = performance.now();
    const response = await fetch(link.url);
    expect(performance.now() - startMs).toBeGreaterThan(390);
    expect(link.link.counters.downstreamIn).toBeLessThan(48 * MIB); // the bound, and what was read since
    expect((await response.arrayBuffer()).byteLength).toBe(64 * MIB);
  });
});

describe('http_hang_after_headers', () => {
  test('sends status and headers, then nothing, until the target gives up', async () => {
    const link = await arm({ type: 'http_hang_after_headers' });
    const gaveUp = new AbortController();
    const response = await fetch(`${link.url}/v1/models`, { signal: gaveUp.signal });
    expect(response.status).toBe(200);
    const body = response.text();
    const late = new Promise((resolve) => setTimeout(() => resolve('nothing yet'), 150));
    expect(await Promise.race([body.catch(() => 'ended'), late])).toBe('nothing yet');
    gaveUp.abort();
    await expect(body).rejects.toThrow();
    expect(await link.saw('the exchange', ({ kind }) => kind === 'exchange')).toMatchObject({
      status: 200,
      outcome: 'broken',
      endedBy: 'target',
      faults: ['f'],
    });
    await link.saw('the end of its connection', (e) => e.kind === 'connection' && e.what === 'closed');
  });
});

describe('http_close_on_reuse', () => {
  test.each([
    ['rst', 'ECONNRESET'],
    ['fin', 'fin'],
  ])('lets a first request pass and ends the connection on the second with %s', async (how, ended) => {
    const link = await arm({ type: 'http_close_on_reuse', attributes: { how } });
    const client = await send(cleanup, link.port, 'GET', '/v1/models');
    await receivedUntil(client, ']}');
    client.socket.write('GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await client.ended).toBe(ended);
    await exchanges(2)(link);
    expect(link.hits()).toEqual([[], ['f']]);
    expect(bodiesIn(client.received())).toHaveLength(1);
  });
});

describe('http_body_cut', () => {
  test.each([
    ['content-length', '/sized', 'rst', 'ECONNRESET'],
    ['content-length', '/sized', 'fin', 'fin'],
    ['chunks', '/chunked', 'rst', 'ECONNRESET'],
    ['chunks', '/chunked', 'fin', 'fin'],
  ])('breaks a body with %s off at the byte (%s, %s)', async (_framing, path, how, ended) => {
    const port = await httpServer(cleanup, (request, response) => {
      if (request.url === '/chunked') response.write('0123');
      response.end('456789');
    });
    const link = await faultyLink(cleanup, port, { type: 'http_body_cut', attributes: { bytes: 5, how } });
    const client = await send(cleanup, link.port, 'GET', path);
    expect(await client.ended).toBe(ended);
    const text = client.received().toString();
    if (path === '/sized') {
      expect(text).toMatch(/content-length: 6\r\n/i);
      expect(text).toMatch(/\r\n\r\n45678$/);
    } else expect(bodiesIn(client.received()).map(String)).toEqual(['01234']);
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken', endedBy: 'link', faults: ['f'] });
  });

  test('leaves a body alone that is no longer than that', async () => {
    const port = await httpServer(cleanup, (_request, response) => {
      response.write('0123');
      response.end('4');
    });
    const link = await faultyLink(cleanup, port, { type: 'http_body_cut', attributes: { bytes: 5 } });
    expect(await (await fetch(link.url)).text()).toBe('01234');
    await exchanges(1)(link);
    expect(link.hits()).toEqual([[]]);
    expect(link.fault.chooser.hits).toBe(0);
  });
});

describe('http_huge_body', () => {
  test('pads a JSON answer that stays valid', async () => {
    const link = await arm({ type: 'http_huge_body', attributes: { bytes: 3_000_000 } });
    const response = await fetch(`${link.url}/v1/models`);
    const body = await response.text();
    expect(body.length).toBeGreaterThan(3_000_000);
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(JSON.parse(body)).toMatchObject({ object: 'list' });
    await exchanges(1)(link);
    expect(link.hits()).toEqual([['f']]);
  });

  test('pads a stream of events with a comment', async () => {
    const link = await arm({ type: 'http_huge_body', attributes: { bytes: 3_000_000 } });
    const client = await send(cleanup, link.port, 'POST', CHAT, { ...question, stream: true });
    const [body] = bodiesIn(await receivedUntil(client));
    const text = String(body);
    expect(text.indexOf('\n\ndata: {')).toBe(2_999_998);
    expect(text.startsWith(':   ')).toBe(true);
  });

  test('does not hold the padding in memory when the target does not read', async () => {
    const MIB = 1024 * 1024;
    const link = await arm({ type: 'http_huge_body', attributes: { bytes: 512 * MIB } });
    const before = process.memoryUsage().arrayBuffers;
    const client = await send(cleanup, link.port, 'GET', '/v1/models');
    client.socket.pause();
    await exchanges(1)(link);
    expect(link.of('exchange')[0]?.bytesDown).toBeGreaterThan(512 * MIB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });
});

describe('http_wrong_content_type', () => {
  test('renames the body and leaves it as it was', async () => {
    const link = await arm({
      type: 'http_wrong_content_type',
      attributes: { content_type: 'text/plain' },
      match: { path: '/v1/models' },
    });
    const response = await fetch(`${link.url}/v1/models`);
    expect(response.headers.get('content-type')).toBe('text/plain');
    const body = await response.text();
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(JSON.parse(body)).toMatchObject({ object: 'list' });
  });
});

describe('http_malformed_json', () => {
  test.each(['truncated', 'garbage', 'html'])('%s: the body is complete and does not parse', async (how) => {
    const link = await arm({ type: 'http_malformed_json', attributes: { how } });
    const response = await fetch(`${link.url}/v1/models`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(() => JSON.parse(bytes.toString())).toThrow();
    expect(bytes.toString().startsWith(how === 'html' ? '<html>' : '{"object":"list"')).toBe(true);
    await exchanges(1)(link);
    expect(link.hits()).toEqual([['f']]);
  });
});

describe('http_wrong_schema', () => {
  test.each([
    ['wrapped', { data: { object: 'list', data: expect.any(Array) } }],
    ['empty', {}],
    ['nulls', { object: null, data: null }],
  ])('%s', async (how, expected) => {
    const link = await arm({ type: 'http_wrong_schema', attributes: { how } });
    const response = await fetch(`${link.url}/v1/models`);
    expect(await response.json()).toEqual(expected);
  });
});
