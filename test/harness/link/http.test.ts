import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { resolveFault } from '../../../harness/link/faults.ts';
import { HttpConversation } from '../../../harness/link/http/conversation.ts';
import type { ProtocolFaultSpec } from '../../../harness/link/link.ts';
import { Fault, type FaultInput } from '../../../harness/model/fault.ts';
import type { HistoryEvent, Unnumbered } from '../../../harness/model/history.ts';
import { type CollectedEnds, collectedEnds } from '../../support/conversation.ts';
import { Cleanup, connect, listen, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const TRACE = '0af7651916cd43dd8448eb211c80319c';

function faultOf(fault: FaultInput, name = 'f'): ProtocolFaultSpec {
  const armed = resolveFault(Fault.parse(fault), name, 'http', 'test');
  if (armed.plane !== 'protocol') throw new Error('not an HTTP fault');
  return armed.fault;
}

/** A server that counts its requests and answers with what it got. */
async function httpLink(handler?: http.RequestListener): Promise<TestLink & { requests: string[] }> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (handler !== undefined) return handler(request, response);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(`got ${Buffer.concat(chunks).length} bytes`));
    return undefined;
  });
  return { ...(await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' })), requests };
}

const exchange = (event: Unnumbered<HistoryEvent>): boolean => event.kind === 'exchange';

describe('an HTTP link', () => {
  test.each([
    ['2', 2_000, 2_000],
    [new Date(Date.now() + 60_000).toUTCString(), 30_000, 60_000],
    ['soon', undefined, undefined],
    [undefined, undefined, undefined],
  ])('records how long an answer asks to wait: Retry-After %p', async (header, fromMs, toMs) => {
    const link = await httpLink((_request, response) => {
      response.writeHead(429, header === undefined ? {} : { 'retry-after': header }).end();
    });
    await (await fetch(`http://127.0.0.1:${link.port}/`)).text();
    const seen = await link.saw('an exchange', exchange);
    const { retryAfterMs } = seen as { retryAfterMs?: number };
    if (fromMs === undefined) expect(retryAfterMs).toBeUndefined();
    else {
      expect(retryAfterMs).toBeGreaterThanOrEqual(fromMs);
      expect(retryAfterMs).toBeLessThanOrEqual(toMs);
    }
  });

  test('records method, path, status, trace, sizes and who answered', async () => {
    const link = await httpLink();
    const response = await fetch(`http://127.0.0.1:${link.port}/v1/x?y=1`, {
      method: 'POST',
      body: 'hello',
      headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
    });
    expect(await response.text()).toBe('got 5 bytes');
    const seen = await link.saw('an exchange', exchange);
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/v1/x?y=1',
      status: 200,
      outcome: 'answered',
      endedBy: 'dependency',
      trace: TRACE,
      faults: [],
      connection: 1,
    });
    expect(seen).toMatchObject({ bodyHash: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  test('gives equal bodies equal hashes, and never keeps the body or a key', async () => {
    const link = await httpLink();
    for (const body of ['secret', 'secret', 'other']) {
      await (
        await fetch(`http://127.0.0.1:${link.port}/`, {
          method: 'POST',
          body,
          headers: { authorization: 'Bearer k-123' },
        })
      ).text();
    }
    const hashes = link.of('exchange').map(({ bodyHash }) => bodyHash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[2]).not.toBe(hashes[0]);
    expect(JSON.stringify(link.events)).not.toMatch(/secret|k-123/);
  });

  test('follows pipelined requests, chunked bodies, HEAD and 204', async () => {
    const link = await httpLink((request, response) => {
      if (request.url === '/empty') response.writeHead(204).end();
      else if (request.url === '/chunked') {
        response.write('one');
        response.end('two');
      } else response.end('plain');
    });
    const client = await connect(cleanup, link.port);
    const head = (line: string): string => `${line} HTTP/1.1\r\nhost: x\r\n\r\n`;
    client.socket.write(head('GET /chunked') + head('HEAD /head') + head('GET /empty') + head('GET /plain'));
    await link.saw('the last exchange', (event) => event.kind === 'exchange' && event.path === '/plain');
    expect(link.of('exchange').map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
      'GET /chunked 200',
      'HEAD /head 200',
      'GET /empty 204',
      'GET /plain 200',
    ]);
  });

  test('records a request whose target gives up as broken by the target, at the moment it gave up', async () => {
    const link = await httpLink(() => {});
    const armed = resolveFault({ type: 'timeout', attributes: { timeout: 0 } }, 'hole', 'http', 'test');
    if (armed.plane !== 'toxic') throw new Error('not a toxic');
    const hole = link.link.addToxic(armed.toxic);
    await expect(
      fetch(`http://127.0.0.1:${link.port}/`, { signal: AbortSignal.timeout(100) }),
    ).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 150)); // the fault outlives the request: that is the case under test
    link.link.removeToxic(hole);
    const seen = await link.saw('the broken exchange', exchange);
    expect(seen).toMatchObject({ outcome: 'broken', endedBy: 'target', status: null, faults: ['hole'] });
    if (seen.kind === 'exchange') expect((seen.endT - seen.t) / 1e6).toBeLessThan(200);
  });

  test('records an answer that comes after the target has gone as broken by the target', async () => {
    let answer = (): void => {};
    const link = await httpLink((_request, response) => {
      answer = () => response.end('late');
    });
    const client = await connect(cleanup, link.port);
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    while (link.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50)); // lets the FIN reach the link before the answer does
    answer();
    expect(await link.saw('the exchange', exchange)).toMatchObject({ outcome: 'broken', endedBy: 'target' });
  });

  test('records an answer that a toxic kept past the end of both sides as broken by the target', async () => {
    const link = await httpLink();
    const client = await connect(cleanup, link.port);
    const armed = resolveFault(
      { type: 'latency', attributes: { latency: 3_600_000 } },
      'held',
      'http',
      'test',
    );
    if (armed.plane !== 'toxic') throw new Error('not a toxic');
    const toxic = link.link.addToxic(armed.toxic);
    client.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    while (link.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 50)); // lets the answer reach the toxic
    client.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50)); // lets both FINs reach the link: the dependency's waits behind the answer
    link.link.removeToxic(toxic);
    expect(await link.saw('the exchange', exchange)).toMatchObject({ outcome: 'broken', endedBy: 'target' });
  });

  test('records a request that a partition kept and let go after its target had given up as broken', async () => {
    const link = await httpLink();
    const client = await connect(cleanup, link.port);
    const request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
    client.socket.write(request);
    await link.saw('the first exchange', exchange);
    await link.link.cut('black_hole');
    client.socket.write(request);
    await new Promise((resolve) => setTimeout(resolve, 50)); // lets the request into the hole before its sender goes
    client.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await link.link.restore();
    const seen = await link.saw(
      'the second exchange',
      (event) => event.kind === 'exchange' && event.faults.includes('black_hole'),
    );
    expect(seen).toMatchObject({ outcome: 'broken', endedBy: 'target' });
  });

  test('records a dependency that closes mid-answer as broken by the dependency', async () => {
    const server = net.createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'));
    });
    const link = await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
    await expect(
      fetch(`http://127.0.0.1:${link.port}/`).then((response) => response.text()),
    ).rejects.toThrow();
    expect(await link.saw('the exchange', exchange)).toMatchObject({
      outcome: 'broken',
      status: 200,
      endedBy: 'dependency',
    });
  });

  test('passes bytes that are not HTTP untouched, and says so once', async () => {
    const server = net.createServer((socket) => socket.pipe(socket));
    const link = await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
    const client = await connect(cleanup, link.port);
    client.socket.write('\u0016\u0003\u0001 not http\r\n\r\nat all\r\n\r\n');
    const sent = '\u0016\u0003\u0001 not http\r\n\r\nat all\r\n\r\n';
    expect((await client.got(Buffer.byteLength(sent))).toString()).toBe(sent);
    expect(link.of('note')).toHaveLength(1);
    expect(link.of('note')[0]?.text).toMatch(/not HTTP\/1; passing bytes unread/);
  });
});

describe('http_status', () => {
  test('answers in the dependency’s place, so often as asked, and is recorded on the exchange', async () => {
    const link = await httpLink();
    link.link.addFault(
      faultOf({ type: 'http_status', attributes: { status: 503, retry_after: 2 }, times: 2 }, 'f0'),
    );
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://127.0.0.1:${link.port}/`, { method: 'POST', body: `body ${i}` });
      if (i === 0) expect(response.headers.get('retry-after')).toBe('2');
      await response.text();
      statuses.push(response.status);
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect(link.requests).toHaveLength(1);
    expect(link.of('exchange').map(({ status, endedBy, faults }) => [status, endedBy, faults])).toEqual([
      [503, 'link', ['f0']],
      [503, 'link', ['f0']],
      [200, 'dependency', []],
    ]);
  });

  test('matches by method and path', async () => {
    const link = await httpLink();
    link.link.addFault(
      faultOf({ type: 'http_status', attributes: { status: 500 }, match: { method: 'POST', path: '/v1/' } }),
    );
    const status = async (method: string, path: string): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${link.port}${path}`, { method });
      await response.text();
      return response.status;
    };
    expect(await status('POST', '/v1/chat')).toBe(500);
    expect(await status('GET', '/v1/chat')).toBe(200);
    expect(await status('POST', '/v2/chat')).toBe(200);
  });

  test('keeps the order of answers on a pipelined connection', async () => {
    const link = await httpLink((request, response) => {
      setTimeout(() => response.end('slow'), request.url === '/slow' ? 100 : 0);
    });
    link.link.addFault(
      faultOf({ type: 'http_status', attributes: { status: 500, body: 'no' }, match: { path: '/bad' } }),
    );
    const client = await connect(cleanup, link.port);
    client.socket.write(
      'GET /slow HTTP/1.1\r\nhost: x\r\n\r\nGET /bad HTTP/1.1\r\nhost: x\r\n\r\nGET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    await client.ended;
    const text = client.received().toString();
    expect(text.indexOf('slow')).toBeGreaterThan(0);
    expect(text.indexOf('500')).toBeGreaterThan(text.indexOf('slow'));
    expect(text.lastIndexOf('200')).toBeGreaterThan(text.indexOf('500'));
    expect(link.requests).toEqual(['GET /slow', 'GET /last']);
  });
});

describe('whatever the split of the bytes', () => {
  const requests = Buffer.from(
    'POST /a HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello' +
      'POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwiki\r\n0\r\n\r\n' +
      '\r\nGET /c HTTP/1.1\r\n\r\n',
  );
  const answers = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok' +
      'HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n' +
      'HTTP/1.1 204 No Content\r\n\r\n',
  );

  function converse(): { conversation: HttpConversation } & CollectedEnds {
    const ends = collectedEnds();
    return { conversation: new HttpConversation(ends, []), ...ends };
  }

  const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
    const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
    return at.slice(1).map((to, i) => bytes.subarray(at[i], to));
  };

  test('every byte is forwarded in order and the same exchanges are seen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (up, down) => {
          const { conversation, forwarded, events } = converse();
          for (const chunk of split(requests, up)) conversation.fromTarget(chunk);
          for (const chunk of split(answers, down)) conversation.toTarget(chunk);
          expect(Buffer.concat(forwarded).equals(requests)).toBe(true);
          expect(
            events.map((event) => (event.kind === 'exchange' ? `${event.path} ${event.status}` : event)),
          ).toEqual(['/a 200', '/b 201', '/c 204']);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('arbitrary bytes are forwarded as they came and never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
        const { conversation, forwarded } = converse();
        for (const chunk of chunks) {
          conversation.fromTarget(Buffer.from(chunk));
          conversation.toTarget(Buffer.from(chunk));
        }
        conversation.targetEnded();
        conversation.closed('target', false);
        expect(Buffer.concat(forwarded).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
