/** A target that has given up on an answer which a toxic still holds: nobody reads it any more. */
import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { halfOpen } from '../../../harness/link/toxics/half_open.ts';
import { latency } from '../../../harness/link/toxics/latency.ts';
import { Cleanup, connect, listen, startLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const HELD_MS = 3_600_000;
const ASK = 'GET / HTTP/1.1\r\nhost: llm\r\n\r\n';

/** Looks at each turn of the loop; the test's own limit ends it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test('an answer that is let go to a target that has left is broken, by the target, when it left', async () => {
  const server = http.createServer((_request, response) => response.end('late'));
  const dependencyLeft = new Promise<void>((resolve) =>
    server.on('connection', (socket) => socket.on('close', () => resolve())),
  );
  const upstream = await listen(cleanup, server);
  const link = await startLink(cleanup, upstream, { protocol: 'http' });
  const toxic = link.link.addToxic({
    name: 'held',
    kind: latency,
    stream: 'downstream',
    toxicity: 1,
    attributes: { latency: HELD_MS, jitter: 0 },
  });
  const client = await connect(cleanup, link.port);
  client.socket.write(ASK);
  await until(() => link.link.counters.downstreamIn > 0);
  client.socket.destroy();
  await dependencyLeft; // its FIN, the answer to that of the target, waits behind the answer
  link.link.removeToxic(toxic);
  await link.saw('the exchange to be over', (event) => event.kind === 'exchange');
  expect(link.of('exchange')).toMatchObject([{ outcome: 'broken', endedBy: 'target' }]);
});

test('an answer on a connection that is silent for good is never given: its exchange is over when the target leaves', async () => {
  const server = http.createServer((_request, response) => response.end('an answer'));
  const targetLeft = new Promise<void>((resolve) =>
    server.on('connection', (socket) => socket.on('end', () => resolve())),
  );
  const upstream = await listen(cleanup, server);
  const link = await startLink(cleanup, upstream, { protocol: 'http' });
  const client = await connect(cleanup, link.port);
  client.socket.write(ASK);
  await link.saw('the first answer', (event) => event.kind === 'exchange');
  const toxic = link.link.addToxic({
    name: 'silent',
    kind: halfOpen,
    stream: 'downstream',
    toxicity: 1,
    attributes: {},
  });
  const bytes = link.link.counters.downstreamIn;
  client.socket.write(ASK);
  await until(() => link.link.counters.downstreamIn > bytes);
  client.socket.destroy();
  await targetLeft;
  link.link.removeToxic(toxic);
  await link.saw(
    'the connection to be over',
    (event) => event.kind === 'connection' && event.what === 'closed',
  );
  expect(link.of('exchange').map(({ outcome, endedBy }) => [outcome, endedBy])).toEqual([
    ['answered', 'dependency'],
    ['broken', 'target'],
  ]);
});
