import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Cleanup, listen, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A dependency that answers with the status its path names. */
async function link(): Promise<TestLink> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(Number(request.url?.slice(1))).end());
  });
  return startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
}

/** Sends requests one after the other; what the link made of each. */
async function attempts(
  on: TestLink,
  ...requests: { status: number; body?: string; headers?: Record<string, string> }[]
): Promise<string[]> {
  for (const { status, body = 'the same', headers = {} } of requests) {
    const response = await fetch(`http://127.0.0.1:${on.port}/${status}`, { method: 'POST', body, headers });
    await response.text();
  }
  await on.saw('every exchange', () => on.of('exchange').length === requests.length);
  return on.of('exchange').map(({ attempt, attemptBy }) => `${attempt} by ${attemptBy}`);
}

const trace = (n: number): Record<string, string> => ({
  traceparent: `00-${String(n).padStart(32, '0')}-00f067aa0ba902b7-01`,
});

describe('a retry', () => {
  test('is the same request under the same trace id, whatever came of the one before', async () => {
    const seen = await attempts(
      await link(),
      { status: 500, headers: trace(1) },
      { status: 500, headers: trace(1) },
      { status: 500, headers: trace(2) },
      { status: 500, headers: trace(1), body: 'another' },
    );
    expect(seen).toEqual(['1 by trace', '2 by trace', '1 by trace', '1 by trace']);
  });

  test('is told by x-request-id where there is no trace id', async () => {
    const headers = { 'x-request-id': 'r1' };
    const seen = await attempts(await link(), { status: 200, headers }, { status: 200, headers });
    expect(seen).toEqual(['1 by request-id', '2 by request-id']);
  });

  test('is guessed by its body after a failure where a request names nothing', async () => {
    const seen = await attempts(await link(), { status: 503 }, { status: 503 }, { status: 503, body: 'new' });
    expect(seen).toEqual(['1 by body', '2 by body', '1 by body']);
  });

  test('is no guess after a success: the same question may be asked twice', async () => {
    expect(await attempts(await link(), { status: 200 }, { status: 200 })).toEqual([
      '1 by body',
      '1 by body',
    ]);
  });
});
