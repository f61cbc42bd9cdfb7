/** What holds for every HTTP fault: what it is not about passes, hits are told truly, connections stay usable. */
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { defineHttpFault } from '../../../harness/link/http/fault.ts';
import { HTTP_FAULTS } from '../../../harness/link/http/registry.ts';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { buildLlm } from '../../../services/llm/server.ts';
import {
  exchanges,
  faultyLink,
  httpFault,
  httpServer,
  oneConnection,
  receivedUntil,
  requestBytes,
  send,
} from '../../support/faulty.ts';
import { Cleanup, connect, listen } from '../../support/sockets.ts';

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
const streamed = { ...question, stream: true };

/** One of each that takes hold of answers. */
const FILTERS: FaultInput[] = [
  { type: 'http_slow_first_byte', attributes: { delay_ms: 5 } },
  { type: 'http_hang_after_headers' },
  { type: 'http_body_cut', attributes: { bytes: 3 } },
  { type: 'http_huge_body', attributes: { bytes: 5000 } },
  { type: 'http_wrong_content_type' },
  { type: 'http_malformed_json' },
  { type: 'http_wrong_schema' },
  { type: 'llm_slow_tokens', attributes: { tokens_per_second: 500 } },
  { type: 'llm_stall', attributes: { for_ms: 20 } },
  { type: 'llm_stream_cut', attributes: { tokens: 1 } },
  { type: 'llm_stream_end', attributes: { how: 'missing_done' } },
  { type: 'llm_stream_end', attributes: { how: 'done_without_close' } },
  { type: 'llm_stream_end', attributes: { how: 'missing_usage' } },
  { type: 'llm_events', attributes: { how: 'duplicate' } },
  { type: 'llm_empty_choices' },
  { type: 'llm_finish', attributes: { reason: 'length' } },
  { type: 'embedding_wrong', attributes: { how: 'zeros' } },
];
const BREAKING = /hang|cut|done_without_close/;
const ABOUT_ANY = /slow_first_byte|hang|body_cut|huge|content_type/;
const nameOf = ({ type, attributes }: FaultInput): string => `${type} ${JSON.stringify(attributes ?? {})}`;
const named = (faults: FaultInput[]): [string, FaultInput][] => faults.map((fault) => [nameOf(fault), fault]);

test('the table has every type that is not an answer or an end of its own', () => {
  const others = ['http_status', 'http_close_on_reuse', 'llm_rate_limit'];
  expect(new Set([...FILTERS.map(({ type }) => type), ...others])).toEqual(new Set(HTTP_FAULTS.keys()));
});

describe('an answer that the fault is not about passes byte for byte, and is not hit', () => {
  const page =
    'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-a:  b\r\nContent-Length: 11\r\n\r\n<p>text</p>';
  const chunked =
    'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n00b;x=y\r\n<p>text</p>\r\n0\r\nx: y\r\n\r\n';
  const faults = named(FILTERS.filter((fault) => !ABOUT_ANY.test(fault.type)));

  test.each(faults)('%s', async (_name, fault) => {
    const answers = [page, chunked];
    const server = net.createServer((socket) => socket.on('data', () => socket.write(answers.shift() ?? '')));
    const link = await faultyLink(cleanup, await listen(cleanup, server), fault);
    const client = await connect(cleanup, link.port);
    client.socket.write(requestBytes('GET', '/'));
    expect(String(await client.got(page.length))).toBe(page);
    client.socket.write(requestBytes('GET', '/'));
    expect(String(await client.got(page.length + chunked.length))).toBe(page + chunked);
    await exchanges(2)(link);
    expect(link.hits()).toEqual([[], []]);
    expect(link.fault.chooser.hits).toBe(0);
  });
});

describe('an answer without a body passes: to HEAD, of 204, of length 0', () => {
  test.each(named(FILTERS))('%s', async (_name, fault) => {
    const port = await httpServer(cleanup, (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/204') response.writeHead(204).end();
      else if (request.url === '/0') response.setHeader('content-length', 0).end();
      else response.end('{"choices":[],"embedding":[1]}');
    });
    const link = await faultyLink(cleanup, port, fault);
    const client = await connect(cleanup, link.port);
    for (const [method, path] of [
      ['HEAD', '/'],
      ['GET', '/204'],
      ['GET', '/0'],
    ] as const) {
      const before = link.of('exchange').length;
      client.socket.write(requestBytes(method, path));
      await exchanges(before + 1)(link);
    }
    const hits = fault.type === 'http_slow_first_byte' ? ['f'] : [];
    expect(link.hits()).toEqual([hits, hits, hits]);
    expect(link.of('exchange').map(({ status, outcome }) => `${outcome} ${status}`)).toEqual([
      'answered 200',
      'answered 204',
      'answered 200',
    ]);
  });
});

describe('the connection stays usable after an answer, whole or streamed, has been changed', () => {
  test.each(named(FILTERS.filter((fault) => !BREAKING.test(nameOf(fault)))))('%s', async (_name, fault) => {
    const link = await faultyLink(cleanup, llmPort, fault);
    const ask = oneConnection(cleanup, link.port);
    const changed = [await ask('POST', CHAT, question), await ask('POST', CHAT, streamed)];
    link.link.removeFault(link.fault);
    const clean = [await ask('POST', CHAT, question), await ask('POST', CHAT, streamed)];
    expect([...changed, ...clean].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(JSON.parse(clean[0]?.body ?? '')).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    expect(clean[1]?.body.endsWith('data: [DONE]\n\n')).toBe(true);
    await exchanges(4)(link);
    expect(link.link.counters.connections).toBe(1);
    expect(link.of('exchange').every(({ outcome }) => outcome === 'answered')).toBe(true);
  });
});

describe('how often a fault hits', () => {
  const page = '/page';
  const chatOrPage = (): Promise<number> =>
    httpServer(cleanup, (request, response) => {
      response.setHeader('content-type', request.url === page ? 'text/html' : 'application/json');
      response.end(request.url === page ? '<p>' : '{"a":1}');
    });

  test('an answer that it let pass does not use up its times', async () => {
    const link = await faultyLink(cleanup, await chatOrPage(), { type: 'http_malformed_json', times: 1 });
    for (const path of [page, page, '/json', '/json']) await (await fetch(`${link.url}${path}`)).text();
    await exchanges(4)(link);
    expect(link.hits()).toEqual([[], [], ['f'], []]);
  });

  test.each<[string, Partial<FaultInput>, string]>([
    ['every second', { match: { every: 2 } }, '-f-f-f'],
    ['the third', { match: { nth: 3 } }, '--f---'],
    ['twice', { times: 2 }, 'ff----'],
    ['never', { probability: 0 }, '------'],
    ['by method', { match: { method: 'POST' } }, '---fff'],
    ['by path', { match: { path: '/json/3' } }, '---f--'],
    ['by header', { match: { header: { 'x-n': '1' } } }, '-f----'],
    ['by model', { match: { model: 'm4' } }, '----f-'],
  ])('%s', async (_name, rule, expected) => {
    const fault = { type: 'http_wrong_schema', ...rule };
    const link = await faultyLink(cleanup, await chatOrPage(), fault);
    let hits = '';
    for (let i = 0; i < 6; i++) {
      const response = await fetch(`${link.url}/json/${i}`, {
        headers: { 'x-n': String(i) },
        ...(i < 3 ? {} : { method: 'POST', body: JSON.stringify({ model: `m${i}` }) }),
      });
      hits += (await response.text()) === '{"a":1}' ? '-' : 'f';
    }
    expect(hits).toBe(expected);
    await exchanges(6)(link);
    expect(
      link
        .hits()
        .map(([name]) => name ?? '-')
        .join(''),
    ).toBe(expected);
  });

  test('a share of them, by the seed', async () => {
    const link = await faultyLink(cleanup, await chatOrPage(), {
      type: 'http_wrong_schema',
      probability: 0.5,
    });
    const ask = oneConnection(cleanup, link.port);
    for (let i = 0; i < 40; i++) await ask('GET', '/json');
    expect(link.fault.chooser.hits).toBeGreaterThan(8);
    expect(link.fault.chooser.hits).toBeLessThan(32);
  });

  test('a request whose answer never came is not hit', async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.destroy()));
    const fault = { type: 'http_malformed_json', times: 1 };
    const link = await faultyLink(cleanup, await listen(cleanup, server), fault);
    await expect(fetch(link.url)).rejects.toThrow();
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken', endedBy: 'dependency', faults: [] });
    expect(link.fault.chooser.hits).toBe(0);
  });
});

describe('when somebody leaves in the middle', () => {
  test('a stream that the dependency breaks off is broken off', async () => {
    const server = net.createServer((socket) => {
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n7\r\ndata: 1',
        ),
      );
    });
    const link = await faultyLink(cleanup, await listen(cleanup, server), { type: 'llm_empty_choices' });
    const client = await send(cleanup, link.port, 'GET', '/');
    await client.ended;
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken' });
  });

  test('what a fault still had in mind is forgotten when the target leaves', async () => {
    const link = await faultyLink(cleanup, llmPort, {
      type: 'llm_slow_tokens',
      attributes: { tokens_per_second: 20 },
    });
    const client = await send(cleanup, link.port, 'POST', CHAT, streamed);
    await receivedUntil(client, 'You');
    client.socket.resetAndDestroy();
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'broken', endedBy: 'target', faults: ['f'] });
    const delivered = link.link.counters.downstreamOut;
    await new Promise((resolve) => setTimeout(resolve, 150)); // three tokens would have been due
    expect(link.link.counters.downstreamOut).toBe(delivered);
  });

  test('an answer without a length is filtered too, and ends with its connection', async () => {
    const server = net.createServer((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"a":1}'),
      );
    });
    const port = await listen(cleanup, server);
    const link = await faultyLink(cleanup, port, { type: 'http_wrong_schema' });
    const client = await send(cleanup, link.port, 'GET', '/');
    expect(await client.ended).toBe('fin');
    expect(String(client.received())).toMatch(/connection: close\r\n.*\{"data":\{"a":1\}\}$/is);
    await exchanges(1)(link);
    expect(link.of('exchange')[0]).toMatchObject({ outcome: 'answered', faults: ['f'] });
  });
});

test('a filter that is done before the dependency does not get in the way of the next request’s', async () => {
  const early = defineHttpFault({
    type: 'http_early',
    about: 'ends the answer at its first byte',
    attributes: undefined as unknown as z.ZodType<Record<string, unknown>>,
    act: () => ({
      do: 'filter',
      filter: (sink) => {
        let done = false;
        return {
          head: (head) => sink.head(head, 1),
          body: (bytes) => {
            if (done) return;
            done = true;
            sink.hit();
            sink.body(bytes.subarray(0, 1));
            sink.end();
          },
          end: () => {},
        };
      },
    }),
  });
  const server = net.createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc');
      socket.once('data', () => socket.write('defHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nghi'));
    });
  });
  const link = await faultyLink(cleanup, await listen(cleanup, server), {
    type: 'llm_events',
    attributes: { how: 'reorder' },
  });
  link.link.removeFault(link.fault);
  link.link.addFault({ ...httpFault({ type: 'llm_empty_choices' }, 'early'), kind: early });
  const ask = oneConnection(cleanup, link.port);
  expect((await ask('GET', '/')).body).toBe('a');
  expect((await ask('GET', '/')).body).toBe('g');
  await exchanges(2)(link);
  expect(link.hits()).toEqual([['early'], ['early']]);
  expect(link.link.counters.connections).toBe(1);
});
