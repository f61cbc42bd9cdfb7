/** The stand-ins as processes: they announce themselves, answer, and leave when they are asked or left alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from '@jest/globals';
import { within } from '../../harness/model/deadline.ts';
import { Cleanup } from '../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const LIMIT_MS = 8_000;

function start(
  service: string,
  env: Record<string, string> = {},
): { child: ChildProcess; listening: Promise<string>; exited: Promise<number | null>; errors: () => string } {
  const { NODE_OPTIONS: _ours, ...rest } = process.env;
  const child = spawn(process.execPath, [`services/${service}/main.ts`], { env: { ...rest, ...env } });
  cleanup.add(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) =>
      resolve((JSON.parse(line) as { listening: string }).listening),
    );
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, listening, exited, errors: () => errors };
}

describe.each([
  ['llm', '/v1/models'],
  ['ollama', '/api/tags'],
])('services/%s', (service, path) => {
  test('announces itself, answers, and leaves on SIGTERM', async () => {
    const { child, listening, exited } = start(service);
    const url = await within(LIMIT_MS, 'the announcement', listening);
    expect((await fetch(url + path)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await within(LIMIT_MS, 'its end', exited)).toBe(0);
  });

  test('leaves when its stdin closes', async () => {
    const { child, listening, exited } = start(service, { EXIT_WITH_STDIN: '1' });
    await within(LIMIT_MS, 'the announcement', listening);
    child.stdin?.end();
    expect(await within(LIMIT_MS, 'its end', exited)).toBe(0);
  });

  test('says in one sentence what is wrong with its port, and exits 2', async () => {
    const bad = start(service, { PORT: 'eighty' });
    expect(await within(LIMIT_MS, 'its end', bad.exited)).toBe(2);
    expect(bad.errors()).toBe('PORT must be a whole number from 0 to 65535, got eighty\n');
    const first = start(service);
    const { port } = new URL(await within(LIMIT_MS, 'the announcement', first.listening));
    const second = start(service, { PORT: port });
    expect(await within(LIMIT_MS, 'its end', second.exited)).toBe(2);
    expect(second.errors()).toMatch(/^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n$/);
  });
});
