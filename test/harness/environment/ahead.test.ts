/** An environment that readies its next host while one is up leaves none behind. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { embedded } from '../../../harness/environment/embedded.ts';
import { Config } from '../../../harness/model/config.ts';
import { clockFrom } from '../../../harness/model/time.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { REPOSITORY } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const LIMIT_MS = 30_000;
const TINY = [process.execPath, path.join(REPOSITORY, 'test/support/tiny-target.ts')];

const config = Config.parse({
  target: {
    name: 'tiny',
    start: { command: TINY, env: { UPSTREAM: '{{link.dep.url}}' } },
    readyPath: '/ready',
  },
  profiles: { fast: { env: {} } },
  links: {
    dep: { protocol: 'http', dependency: { process: { command: TINY, env: { ROLE: 'dependency' } } } },
  },
  requests: { work: { method: 'GET', path: '/', needs: ['dep'] } },
});

test('the next host is ready while one is up, and goes with the run', async () => {
  const run = `ahead-${process.pid}-${Date.now().toString(36)}`;
  const logDir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(logDir, { recursive: true, force: true }));
  const originNs = process.hrtime.bigint();
  const blueprint = {
    ...({
      config,
      cwd: REPOSITORY,
      profile: 'fast',
      mutant: null,
      links: 'embedded',
      hidesNames: false,
    } as const),
    ...{ run, seed: 1, logDir, originNs, now: clockFrom(originNs), emit: () => {} },
  };
  const hosts = async (): Promise<number> => (await processesWith(`host.ts\0${run}`)).length;
  {
    await using ahead = embedded.ahead?.(run);
    await eventually('a host that waits', LIMIT_MS, async () => (await hosts()) === 1);
    for (let i = 0; i < 2; i++) {
      await using running = await ahead?.up({ ...blueprint, originNs: originNs + BigInt(i) });
      expect((await fetch(running?.entryUrl ?? '')).status).toBe(200);
      await eventually('one in use and one that waits', LIMIT_MS, async () => (await hosts()) === 2);
    }
    expect(await hosts()).toBe(1);
  }
  expect(await processesWith(run)).toEqual([]);
}, 60_000);
