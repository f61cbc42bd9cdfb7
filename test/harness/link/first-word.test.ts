/** A dependency that leaves before the target was heard: what the target wanted decides whether it was an attempt. */
import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Attempt, attemptsOn } from '../../../harness/check/attempts.ts';
import type { History } from '../../../harness/model/history.ts';
import { Cleanup, connect, listen, startLink, type TestLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const REQUEST = 'POST /api/embed HTTP/1.1\r\nhost: ollama\r\ncontent-length: 2\r\n\r\n{}';
/** Later than a refusal on loopback, sooner than anybody gives up on a first word. */
const LATE_MS = 20;

async function deadPort(): Promise<number> {
  const unused = net.createServer();
  const port = await listen(new Cleanup(), unused);
  await new Promise((resolve) => unused.close(resolve));
  return port;
}

/** As a dead container behind Toxiproxy: who dials is accepted, and closed at once. */
const closesAtOnce = (how: 'fin' | 'rst'): Promise<number> =>
  listen(
    cleanup,
    net.createServer((socket) => {
      if (how === 'fin') socket.end();
      else socket.resetAndDestroy();
    }),
  );

function attempts({ events }: TestLink): Attempt[] {
  return attemptsOn({ events: events.map((event, id) => ({ ...event, id })) } as unknown as History, 'llm');
}

const closed = (link: TestLink): Promise<unknown> =>
  link.saw('a connection to close', (event) => event.kind === 'connection' && event.what === 'closed');

describe.each([
  ['refuses', deadPort],
  ['closes at once', () => closesAtOnce('fin')],
  ['resets at once', () => closesAtOnce('rst')],
])('where the dependency %s', (_how, upstream) => {
  test('a target that asks a moment later has made one attempt, and it failed', async () => {
    const link = await startLink(cleanup, await upstream(), { protocol: 'http' });
    const client = await connect(cleanup, link.port);
    setTimeout(() => client.socket.write(REQUEST), LATE_MS);
    await client.ended;
    client.socket.end();
    await closed(link);
    expect(attempts(link)).toMatchObject([{ failed: true }]);
    expect(link.of('exchange')).toMatchObject([{ outcome: 'broken', endedBy: 'dependency' }]);
  });

  test('a target that asks nothing has made none, and is told that it is alone', async () => {
    const link = await startLink(cleanup, await upstream(), { protocol: 'http' });
    const client = await connect(cleanup, link.port);
    await client.ended;
    client.socket.end();
    await closed(link);
    expect(attempts(link)).toEqual([]);
  });

  test('a target that leaves without a word has made none', async () => {
    const link = await startLink(cleanup, await upstream(), { protocol: 'http' });
    const client = await connect(cleanup, link.port);
    client.socket.end();
    await closed(link);
    expect(attempts(link)).toEqual([]);
  });

  test('bytes that mean nothing to the link are passed on without a wait', async () => {
    const link = await startLink(cleanup, await upstream());
    const client = await connect(cleanup, link.port);
    await client.ended;
    client.socket.end();
    await closed(link);
    expect(link.of('connection').filter(({ what }) => what === 'closed')).toHaveLength(1);
  });
});

test('a client that gave up on a hang dials anew with nothing to ask: one attempt, not two', async () => {
  const hangs = net.createServer((socket) => socket.resume());
  const link = await startLink(cleanup, await listen(cleanup, hangs), { protocol: 'http' });
  const giveUp = new AbortController();
  const asked = fetch(`http://127.0.0.1:${link.port}/api/embed`, {
    method: 'POST',
    body: '{}',
    signal: giveUp.signal,
  });
  asked.catch(() => {});
  await new Promise<void>((resolve) =>
    hangs.once('connection', (socket) => socket.once('data', () => resolve())),
  );
  link.link.redirect({ host: '127.0.0.1', port: await deadPort() });
  giveUp.abort();
  await expect(asked).rejects.toThrow(/abort/);
  await link.saw('the dial after it', (event) => event.kind === 'connection' && event.what === 'refused');
  await link.saw(
    'that one to close',
    (event) => event.kind === 'connection' && event.connection === 2 && event.what === 'closed',
  );
  await link.saw('the attempt to be told', (event) => event.kind === 'exchange');
  expect(attempts(link)).toHaveLength(1);
});
