/** What a disturbance is to the rig: a program that says when it is in place, and undoes it when asked. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Disturbances } from '../../../harness/environment/disturbance.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A disturbance made of lines of JavaScript; `file` is where it can leave a trace. */
async function disturbanceOf(source: string): Promise<{ all: Disturbances; trace(): Promise<string> }> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const [program, file] = [path.join(dir, 'program.mjs'), path.join(dir, 'trace')];
  await writeFile(program, `import { writeFileSync } from 'node:fs';\n${source}`);
  await writeFile(file, '');
  const all = new Disturbances({
    config: {
      disturbances: { it: { command: [process.execPath, program, '{{to}}'], env: { SAYS: '{{says}}' } } },
    },
    values: () => ({ to: file, says: 'hello' }),
    env: {},
    cwd: dir,
    logDir: dir,
    now: () => 0,
    emit: () => {},
  });
  cleanup.add(() => all.endAll());
  return { all, trace: () => readFile(file, 'utf8') };
}

const SAY = `console.log(JSON.stringify({ disturbing: true }));`;
const WAIT = `process.stdin.resume(); process.stdin.once('close', () => {`;

test('it is in place when it has said so, and undone when its input closes', async () => {
  const { all, trace } = await disturbanceOf(
    `writeFileSync(process.argv[2], process.env.SAYS);\n${SAY}\n${WAIT} writeFileSync(process.argv[2], 'undone'); });`,
  );
  await all.begin('f0', 'it');
  expect(await trace()).toBe('hello');
  await all.end('f0');
  expect(await trace()).toBe('undone');
  await all.end('f0'); // over already
});

test('one that ends before it is in place is told with its last words', async () => {
  const { all } = await disturbanceOf(`console.error('no such table'); process.exit(3);`);
  await expect(all.begin('f0', 'it')).rejects.toThrow(
    'disturbance it ended (code 3) before saying {"disturbing":true}: no such table',
  );
});

test('one that cannot be undone is an error', async () => {
  const { all } = await disturbanceOf(
    `${SAY}\n${WAIT} console.log('the lock is stuck'); process.exit(1); });`,
  );
  await all.begin('f0', 'it');
  await expect(all.end('f0')).rejects.toThrow(
    'disturbance it was not undone (code 1): {"disturbing":true} | the lock is stuck',
  );
});

test('one that the config does not have is a mistake', async () => {
  const { all } = await disturbanceOf(SAY);
  await expect(all.begin('f0', 'that')).rejects.toThrow('no disturbance "that" in the config');
});
