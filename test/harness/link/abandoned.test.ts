/** A target that has given up on an answer which a toxic still holds: when it is let go, nobody reads it. */
import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { latency } from '../../../harness/link/toxics/latency.ts';
import { Cleanup, connect, listen, startLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const HELD_MS = 3_600_000;

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
  client.socket.write('GET / HTTP/1.1\r\nhost: llm\r\n\r\n');
  await until(() => link.link.counters.downstreamIn > 0);
  client.socket.destroy();
  await dependencyLeft; // its FIN, the answer to that of the target, waits behind the answer
  link.link.removeToxic(toxic);
  await link.saw('the exchange to be over', (event) => event.kind === 'exchange');
  expect(link.of('exchange')).toMatchObject([{ outcome: 'broken', endedBy: 'target' }]);
});
