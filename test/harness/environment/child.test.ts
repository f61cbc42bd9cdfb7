/** How a child is ended: by signal, or with its input closed a moment before. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Child } from '../../../harness/environment/child.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A Node program that is up when it has said so. */
async function started(program: string): Promise<Child> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const child = new Child({
    name: 'child',
    command: [process.execPath, '-e', `${program}; console.log('up')`],
    env: { NODE_COMPILE_CACHE: '' },
    cwd: dir,
    logFile: path.join(dir, 'log'),
    now: () => 0,
    emit: () => {},
  });
  cleanup.add(() => child.stop('SIGKILL'));
  await child.announces('to be up', 20_000, (line) => (line === 'up' ? true : undefined));
  return child;
}

const DEAF = `process.on('SIGTERM', () => {})`;
const LISTENS = `process.stdin.resume().on('end', () => process.exit(0))`;

test('one that heeds its input is dismissed by that, whatever it makes of signals', async () => {
  const child = await started(`${DEAF}; ${LISTENS}`);
  await child.dismiss();
  expect(await child.exited).toBe(0);
});

test('one that does not is ended by the signal', async () => {
  const child = await started(`process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1e6)`);
  await child.dismiss();
  expect(await child.exited).toBe(3);
});

test('a stop leaves its input open, and kills what does not leave in time', async () => {
  const child = await started(`${DEAF}; ${LISTENS}`);
  await child.stop('SIGTERM', 100);
  expect(await child.exited).toBeNull();
});
