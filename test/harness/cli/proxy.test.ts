import { afterEach, test } from '@jest/globals';
import { startProxyServer } from '../../../harness/link/proxy-server.ts';
import { eventually } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { REPOSITORY, tripcurve } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test('proxy --behind URL: a lease that lapses heals the Toxiproxy at that URL', async () => {
  const toxiproxy = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1, warn: () => {} });
  cleanup.add(() => toxiproxy[Symbol.asyncDispose]());
  const proxy = JSON.stringify({ name: 'llm', upstream: '127.0.0.1:9', enabled: false });
  await fetch(`${toxiproxy.url}/proxies`, { method: 'POST', body: proxy });
  const started = tripcurve(REPOSITORY, 'proxy', '--port', '0', '--behind', toxiproxy.url);
  cleanup.add(async () => {
    started.process.kill();
    await started.finished;
  });
  const [url] = /http:\S+\d/.exec(await started.printed(/the API of Toxiproxy/)) ?? [''];
  await fetch(`${url}/lease`, { method: 'PUT', body: '{"ttlMs": 100}' });
  await eventually('the proxy to be up', 10_000, async () => toxiproxy.links.get('llm')?.enabled === true);
}, 30_000);
