/** The example in Python, run as its reader would run it: it holds, and each thing done wrong is named. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect } from '@jest/globals';
import { pythonVersion } from '../support/python.ts';
import { Cleanup } from '../support/sockets.ts';
import { testWith } from '../support/toxiproxy.ts';
import { REPOSITORY, tripcurve } from '../support/workshop.ts';

const testReal = testWith({ python3: await pythonVersion() });
const EXAMPLE = path.join(REPOSITORY, 'examples/python-service');
const LIMIT_MS = 150_000;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function run(...args: string[]) {
  const out = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(out, { recursive: true, force: true }));
  return await tripcurve(EXAMPLE, 'run', '--out', out, ...args).finished;
}

testReal(
  'a service in another language holds, judged from its own JSON, its own breaker endpoint and the wire',
  async () => {
    const { code, stdout, stderr } = await run();
    expect(stdout + stderr).toMatch(
      /orders\/prices-reset[\s\S]*orders\/prices-hang|orders\/prices-hang[\s\S]*orders\/prices-reset/,
    );
    expect(stdout).not.toContain(' fails ');
    // Beside other tests the machine may be too busy to judge by; nothing may be found wrong even so.
    if (!stdout.includes('machine-kept-up'))
      expect([stdout, code]).toEqual([expect.stringContaining('2 held'), 0]);
  },
  LIMIT_MS,
);

testReal.each([
  ['breaker-off', 'prices-reset', /prices: still attempting after 5 failures/],
  ['cache-unmarked', 'prices-reset', /prices: \d+ answers not marked as degraded/],
  [
    'timeout-off',
    'prices-hang',
    /deadline missed|timeout not enforced|of \d+ got no answer during the fault/,
  ],
])(
  'the same service with %s is found out by %s, by name',
  async (defect, scenario, finding) => {
    const { code, stdout } = await run(`scenarios/${scenario}.scenario.yaml`, '--mutant', defect);
    expect(stdout).toMatch(finding);
    expect(code).not.toBe(0);
  },
  LIMIT_MS,
);
