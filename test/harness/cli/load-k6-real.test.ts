/** `--load k6` with a real k6. None is brought by this project (it is AGPL): set K6_BINARY to yours. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { embeddedLoad } from '../../../harness/load/engine.ts';
import { k6Load } from '../../../harness/load/k6/engine.ts';
import { Cleanup } from '../../support/sockets.ts';
import {
  type Received,
  recordingServer,
  requestsOf,
  startOptions,
  trafficScenario,
} from '../../support/traffic.ts';
import { REPOSITORY, tripcurve } from '../../support/workshop.ts';

const told = process.env.K6_BINARY;
const here = told === undefined ? describe.skip : describe;
const why =
  told === undefined
    ? ' (skipped: K6_BINARY is not set, and k6 is AGPL, so none is installed for the tests)'
    : '';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const inOrder = (received: readonly Received[]): Received[] =>
  received.toSorted((a, b) => String(a.headers.traceparent).localeCompare(String(b.headers.traceparent)));

here(`a real k6${why}`, () => {
  test.each([
    ['constant-arrival-rate', {}],
    ['ramping-arrival-rate', { ramp: [{ toRatePerSecond: 80, forMs: 1_000 }] }],
  ])(
    'sends the requests of the embedded engine with %s, and its results are read back',
    async (executor, traffic) => {
      const scenario = trafficScenario({ ...traffic, maxInFlight: 50 });
      const byUs = await recordingServer(cleanup);
      const byK6 = await recordingServer(cleanup);
      const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-k6-real-'));
      cleanup.add(() => rm(dir, { recursive: true, force: true }));
      await (await embeddedLoad.start(startOptions(scenario, byUs.url, dir).options)).driven;
      const { options, events } = startOptions(scenario, byK6.url, dir);
      await (await k6Load.start(options)).driven;
      expect(await readFile(path.join(dir, 'k6/script.js'), 'utf8')).toContain(executor);
      expect(inOrder(byK6.received)).toEqual(inOrder(byUs.received));
      expect(requestsOf(events)).toHaveLength(options.plan.length);
      expect(requestsOf(events).every(({ outcome }) => outcome === 'ok')).toBe(true);
    },
    60_000,
  );

  test('drives scenarios to the verdicts that the embedded engine leads to', async () => {
    const files = ['llm/reset', 'database/cut'].map((name) => `scenarios/${name}.scenario.ts`);
    const { code, stdout } = await tripcurve(REPOSITORY, 'run', '--load', 'k6', ...files).finished;
    expect(stdout).toMatch(/✓ llm\/reset +holds/);
    expect(stdout).toMatch(/✓ database\/cut +holds/);
    expect(code).toBe(0);
  }, 120_000);
});
