import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { Cleanup, listen, startLink } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const delta = (content: object): string => `data: ${JSON.stringify({ choices: [{ delta: content }] })}\n\n`;
const SSE = [
  delta({ role: 'assistant', content: '' }),
  delta({ content: 'one' }),
  ': keep-alive\n\n',
  delta({ content: ' two' }),
  delta({ content: ' "three"' }),
  delta({}),
  'data: [DONE]\n\n',
].join('');
const NDJSON =
  '{"response":"one","done":false}\n{"response":" two","done":false}\n{"response":"","done":true}\n';

test.each([
  ['server-sent events', 'text/event-stream; charset=utf-8', SSE, 3],
  ['NDJSON', 'application/x-ndjson', NDJSON, 2],
  ['a whole answer', 'application/json', '{"content":"one two"}', null],
])('tokens are the events of a stream that carry content: %s', async (_what, type, body, tokens) => {
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': type });
    // In pieces that end anywhere.
    for (let from = 0; from < body.length; from += 7) response.write(body.slice(from, from + 7));
    response.end();
  });
  const link = await startLink(cleanup, await listen(cleanup, server), { protocol: 'http' });
  expect(await (await fetch(`http://127.0.0.1:${link.port}/`)).text()).toBe(body);
  expect(await link.saw('the exchange', ({ kind }) => kind === 'exchange')).toMatchObject({ tokens });
});
