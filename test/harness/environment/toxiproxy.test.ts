import { afterEach, describe, expect, test } from '@jest/globals';
import { Child } from '../../../harness/environment/child.ts';
import { freePort } from '../../../harness/environment/free-port.ts';
import { OwnedToxiproxy } from '../../../harness/environment/toxiproxy.ts';
import { openBlackHole } from '../../../harness/link/black-hole.ts';
import { FaultClient } from '../../../harness/link/client.ts';
import { startProxyServer } from '../../../harness/link/proxy-server.ts';
import { Cleanup, connect } from '../../support/sockets.ts';
import { NEW, realToxiproxy } from '../../support/toxiproxy.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const found = await realToxiproxy(NEW);
const here = typeof found === 'string' ? describe.skip : describe;
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';

here(`a real Toxiproxy of our own${why}`, () => {
  test('whose control API is frozen by an upstream that answers no dial is started anew, and healed', async () => {
    const hole = { host: '127.0.0.1', port: await freePort() };
    cleanup.add(await openBlackHole(hole));
    const file = typeof found === 'string' ? '' : found.server;
    const toxiproxy = await OwnedToxiproxy.up(
      await freePort(),
      (port) =>
        new Child({
          name: 'toxiproxy',
          command: [file, '-host', '127.0.0.1', '-port', String(port)],
          env: {},
          cwd: process.cwd(),
          logFile: '/dev/null',
          now: () => 0,
          emit: () => {},
        }),
    );
    cleanup.add(() => toxiproxy.stop());
    const behind = await toxiproxy.proxy('llm', hole);
    const taps = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1, warn: () => {} });
    cleanup.add(() => taps[Symbol.asyncDispose]());
    await fetch(`${taps.url}/proxies`, {
      method: 'POST',
      body: JSON.stringify({ name: 'llm', upstream: `127.0.0.1:${behind.port}` }),
    });
    let restarts = 0;
    const client = new FaultClient({
      url: taps.url,
      toxiproxyUrl: toxiproxy.url,
      protocols: { llm: 'tcp' },
      liftTimeoutMs: 500,
      restartToxiproxy: async () => {
        restarts++;
        await toxiproxy.restart();
      },
    });
    await client.inject('llm', 'slow', { type: 'latency', attributes: { latency: 5 } });
    // One connection is enough: Toxiproxy dials it inside its accept loop, and waits for ever.
    await connect(cleanup, behind.port);
    await client.inject('llm', 'cut', { type: 'down', attributes: {} }).catch(() => {});
    await client.heal('all');
    expect(await client.residue()).toEqual([]);
    expect(restarts).toBeGreaterThan(0);
  }, 40_000);
});
