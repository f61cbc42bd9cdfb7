/** What the environment of Testcontainers says before Docker is asked for anything. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nameOf, variablesOf } from '../../../harness/environment/containers/image.ts';
import { Workshop } from '../../support/workshop.ts';

test('without a section in the config, one sentence and exit code 2', async () => {
  const workshop = await Workshop.open();
  await workshop.scenario();
  const { code, stderr } = await workshop.run('run', '--env', 'testcontainers');
  await workshop.close();
  expect(stderr.trim()).toBe(
    'tripcurve: tripcurve.config.ts: testcontainers is not set, so there are no images to start',
  );
  expect(code).toBe(2);
}, 30_000);

describe('an image that is named by a variable', () => {
  const image = { variable: 'TC_TEST_IMAGE', default: 'server:1' };
  let dir = '';

  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
    process.env.COMPOSE_ENV_FILES = 'some.env';
  });

  afterEach(async () => {
    delete process.env.COMPOSE_ENV_FILES;
    delete process.env.TC_TEST_IMAGE;
    await rm(dir, { recursive: true });
  });

  test('is its default where nobody sets it', async () => {
    await writeFile(path.join(dir, 'some.env'), 'OTHER=x\n');
    expect(nameOf(image, await variablesOf(dir))).toBe('server:1');
  });

  test('is what a file of COMPOSE_ENV_FILES says', async () => {
    await writeFile(path.join(dir, 'some.env'), 'TC_TEST_IMAGE=local/server\n');
    expect(nameOf(image, await variablesOf(dir))).toBe('local/server');
  });

  test('is what the environment says first of all', async () => {
    await writeFile(path.join(dir, 'some.env'), 'TC_TEST_IMAGE=local/server\n');
    process.env.TC_TEST_IMAGE = 'mine';
    expect(nameOf(image, await variablesOf(dir))).toBe('mine');
  });

  test('cannot be found where a file is missing, and that is said', async () => {
    await expect(variablesOf(dir)).rejects.toThrow(/COMPOSE_ENV_FILES: .*some\.env/);
  });
});
