import { afterEach, describe, expect, test } from '@jest/globals';
import { clockOffset, followEvents } from '../../../harness/environment/event-stream.ts';
import { startProxyServer } from '../../../harness/link/proxy-server.ts';
import type { HistoryEvent, Unnumbered } from '../../../harness/model/history.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup, connect, echoServer, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function links(): Promise<{ url: string; port: number; close(): Promise<void> }> {
  const server = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1, warn: () => {} });
  const close = async (): Promise<void> => server[Symbol.asyncDispose]();
  cleanup.add(close);
  const upstream = `127.0.0.1:${await listen(cleanup, echoServer())}`;
  const body = JSON.stringify({ name: 'llm', upstream });
  const response = await fetch(`${server.url}/proxies`, { method: 'POST', body });
  const { listen: address } = (await response.json()) as { listen: string };
  return { url: server.url, port: Number(address.split(':')[1]), close };
}

/** A clock whose origin is an hour before that of any link. */
const now = clockFrom(process.hrtime.bigint() - 3_600_000_000_000n);

describe('events of links that run elsewhere', () => {
  test('come on our clock, however theirs counts', async () => {
    const { url, port } = await links();
    const events: Unnumbered<HistoryEvent>[] = [];
    const stream = await followEvents(url, now, (event) => events.push(event));
    cleanup.add(() => stream.close());
    const beforeT = now();
    await connect(cleanup, port);
    await eventually('the connection', 4_000, async () => events.length > 0);
    const afterT = now();
    const [opened] = events;
    expect(opened).toMatchObject({ kind: 'connection', what: 'opened', link: 'llm' });
    // Half a round trip on loopback is the error; a hundred milliseconds are plenty on a busy machine.
    expect(opened?.t).toBeGreaterThan(beforeT - 1e8);
    expect(opened?.t).toBeLessThan(afterT + 1e8);
  });

  test('are missed loudly: a stream that ends is told', async () => {
    const { url, close } = await links();
    const stream = await followEvents(url, now, () => {});
    await close();
    expect(await stream.lost).toMatch(/^the event stream of the links at .* ended/);
  });

  test('cannot be followed where there are none, and that is said', async () => {
    await expect(followEvents('http://127.0.0.1:1', now, () => {})).rejects.toThrow(
      /^the links at http:\/\/127\.0\.0\.1:1 cannot be followed: /,
    );
  });
});

test('the offset of a clock against itself is nothing but the way there and back', async () => {
  const { url } = await links();
  const [first, second] = [await clockOffset(url, now), await clockOffset(url, now)];
  expect(Math.abs(first - second)).toBeLessThan(5e7);
});
