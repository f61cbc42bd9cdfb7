/** When a target that need not know of us is ready. */
import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import type { Child } from '../../../harness/environment/child.ts';
import { startReady } from '../../../harness/environment/entered.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** Starts a "process" that is a server of this one; its readiness is asked at `path`. */
function ready(path: string, answer: http.RequestListener): ReturnType<typeof startReady> {
  const entry = { entry: 'http://127.0.0.1:{{port}}', readyPath: path, readyWithinMs: 500 };
  return startReady(entry, (port) => {
    const server = http.createServer(answer).listen(Number(port), '127.0.0.1');
    cleanup.add(() => new Promise((resolve) => server.close(resolve)));
    const child: Pick<Child, 'name' | 'exited' | 'lastWords'> = {
      name: 'x',
      exited: new Promise(() => {}),
      lastWords: () => '',
    };
    return child as Child;
  });
}

test('a redirect is followed to what answers', async () => {
  let asked = 0;
  const { url } = await ready('/health', ({ url: at }, response) => {
    if (at === '/health') response.writeHead(308, { location: '/health/' }).end();
    else response.writeHead(asked++ < 2 ? 503 : 200).end('well');
  });
  expect(url.pathname).toBe('/');
  expect(asked).toBe(3);
});

test('one that never answers well is told with what it answered', async () => {
  await expect(ready('/health', (_, response) => response.writeHead(404).end())).rejects.toThrow(
    /not ready within 500 ms: GET \/health at .* answered 404/,
  );
});

test('one that breaks its answers off is told as answering nothing or what it began to say', async () => {
  await expect(
    ready('/health', (_, response) => {
      response.writeHead(503, { 'content-length': '10' }).write('x');
      response.destroy();
    }),
  ).rejects.toThrow(/answered (503|nothing)/);
});
