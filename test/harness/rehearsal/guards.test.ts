import http from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Guards, Watchman } from '../../../harness/rehearsal/guards.ts';
import type { View } from '../../../harness/rehearsal/view.ts';
import { Cleanup, listen } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const view = (entry: Partial<View['entry']> = {}): View => ({
  atMs: 0,
  entry: { requestsPerSecond: 10, errorRatio: 0, latencyMsP95: 5, ...entry },
  links: [],
});

/** What a guard says, second after second. */
async function says(guards: Guards, ...views: View[]): Promise<(string | null)[]> {
  const watchman = new Watchman(guards);
  const said: (string | null)[] = [];
  for (const each of views) said.push(await watchman.look(each));
  return said;
}

async function server(handler: http.RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(cleanup, http.createServer(handler))}`;
}

describe('a guard', () => {
  test('speaks after three bad seconds in a row', async () => {
    const bad = view({ errorRatio: 0.6 });
    expect(await says({ errorRatio: 0.5 }, bad, bad, view(), bad, bad, bad)).toEqual([
      null,
      null,
      null,
      null,
      null,
      '60 % of requests fail (allowed 50 %) for 3 s',
    ]);
  });

  test('watches latency', async () => {
    const bad = view({ latencyMsP95: 900 });
    expect((await says({ latencyMs: 500 }, bad, bad, bad)).at(-1)).toMatch(/p95 latency is 900 ms/);
  });

  test('watches a URL, also one that does not answer', async () => {
    const probeUrl = await server((_request, response) => response.writeHead(503).end());
    expect((await says({ probeUrl }, view(), view(), view())).at(-1)).toMatch(/answers 503 for 3 s$/);
    const gone = { probeUrl: 'http://127.0.0.1:1/' };
    expect((await says(gone, view(), view(), view())).at(-1)).toMatch(/does not answer/);
  });

  test('watches a Prometheus query: results are bad, none is well, and no answer is bad', async () => {
    const prometheus =
      (result: object[]): http.RequestListener =>
      (_request, response) =>
        response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    const firing = await server(prometheus([{ value: [0, '1'] }]));
    const quiet = await server(prometheus([]));
    const three = [view(), view(), view()];
    expect((await says({ prometheusQuery: firing }, ...three)).at(-1)).toMatch(/the query has 1 results/);
    expect(await says({ prometheusQuery: quiet }, ...three)).toEqual([null, null, null]);
    expect((await says({ prometheusQuery: 'http://127.0.0.1:1/' }, ...three)).at(-1)).toMatch(
      /does not answer/,
    );
  });
});
