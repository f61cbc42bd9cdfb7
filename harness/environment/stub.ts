/**
 * The stub behind a link, as a process of its own so that it can be killed and paused like any dependency. Answers
 * come as JSON in STUB_ANSWERS; it announces its address on stdout and goes with its parent.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type StubAnswer, StubConfig } from '../model/stub.ts';

const { answers } = StubConfig.parse({ answers: JSON.parse(process.env.STUB_ANSWERS ?? '[]') });

function fits({ method, path }: StubAnswer, asked: string, at: string): boolean {
  if (method !== undefined && method.toUpperCase() !== asked) return false;
  return path.endsWith('*') ? at.startsWith(path.slice(0, -1)) : at === path;
}

const server = http.createServer((request, response) => {
  request.resume();
  const { pathname } = new URL(request.url ?? '/', 'http://stub');
  const answer = answers.find((candidate) => fits(candidate, request.method ?? 'GET', pathname));
  if (answer === undefined) {
    response.writeHead(404).end(`the stub has no answer to ${request.method} ${pathname}\n`);
    return;
  }
  const { status, headers, body, latencyMs } = answer;
  const isText = typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  const give = (): void => {
    response
      .writeHead(status, { 'content-type': type, ...headers })
      .end(text.replaceAll('{{path}}', pathname));
  };
  if (latencyMs > 0) setTimeout(give, latencyMs);
  else give();
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
});
process.stdin.resume().once('end', () => process.exit(0));
