/** The example whose target is psql, run as its reader would run it. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect } from '@jest/globals';
import { psqlVersion } from '../support/psql.ts';
import { Cleanup } from '../support/sockets.ts';
import { testWith } from '../support/toxiproxy.ts';
import { REPOSITORY, tripcurve } from '../support/workshop.ts';

const testReal = testWith({ psql: await psqlVersion() });

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

testReal(
  'what psql was told of is stored once, though every third COMMIT was never answered',
  async () => {
    const out = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
    cleanup.add(() => rm(out, { recursive: true, force: true }));
    const { code, stdout } = await tripcurve(path.join(REPOSITORY, 'examples/psql'), 'run', '--out', out)
      .finished;
    // Beside other tests the machine may be too busy to judge by; nothing may be lost or doubled even so.
    if (!stdout.includes('machine-kept-up')) expect([stdout, code]).toEqual([expect.anything(), 0]);
    expect(stdout).not.toContain('fails');
    expect(stdout).toMatch(/psql\/ambiguous-commit/);
  },
  120_000,
);
