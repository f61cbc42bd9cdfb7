/** `--load k6` as a person runs it, with a double of the k6 command (test/support/k6-double), which is not k6. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readHistory } from '../../../harness/history/file.ts';
import { eventsOf } from '../../../harness/model/history.ts';
import { k6Double } from '../../support/k6-double/binary.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { Cleanup } from '../../support/sockets.ts';
import { tinyScenario, tripcurve, Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
const told = process.env.K6_BINARY;
afterEach(async () => {
  if (told === undefined) delete process.env.K6_BINARY;
  else process.env.K6_BINARY = told;
  await cleanup.run();
});

/** Few virtual users, because each is a thread of the double. */
async function workshop(change: object = {}): Promise<Workshop> {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  await shop.scenario({ traffic: { ...tinyScenario.traffic, maxInFlight: 8 }, ...change });
  return shop;
}

describe('tripcurve run --load k6', () => {
  test('judges what k6 sent as it judges what the embedded engine sends', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const shop = await workshop();
    const { code, stdout } = await shop.run('run', '--load', 'k6', '--seed', '7');
    expect(stdout).toMatch(/^load from k6 99\.0\.0 \(.*\/k6\)$/m);
    expect(stdout).toMatch(/^✓ tiny\/errors +holds/m);
    expect(code).toBe(0);
    const [run = ''] = await readdir(path.join(shop.dir, 'reports'));
    const dir = path.join(shop.dir, 'reports', run, 'tiny-errors');
    const history = await readHistory(path.join(dir, 'history.ndjson'));
    expect(history.header.load).toBe('k6');
    const requests = eventsOf(history, 'request').filter(({ key }) => !key.includes('-warm-'));
    expect(requests).toHaveLength(74);
    expect(requests.filter(({ outcome }) => outcome === 'error').length).toBeGreaterThan(3);
    // The plan, with every header and body of the config in it, is not kept.
    expect((await readdir(path.join(dir, 'k6'))).sort()).toEqual(['k6.log', 'results.ndjson', 'script.js']);
  }, 60_000);

  test('without a k6 says what to do, exits 2, and brings nothing up', async () => {
    process.env.K6_BINARY = '/nowhere/k6';
    const shop = await workshop();
    const { code, stdout, stderr } = await shop.run('run', '--load', 'k6');
    expect(stderr).toMatch(/^tripcurve: K6_BINARY=\/nowhere\/k6: no such file; install k6 yourself/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(await readdir(shop.dir)).not.toContain('reports');
  }, 30_000);

  test('refuses an engine that it does not know', async () => {
    const { code, stderr } = await (await workshop()).run('run', '--load', 'k7');
    expect(stderr).toMatch(/Allowed choices are embedded, k6/);
    expect(code).toBe(2);
  }, 30_000);

  test('leaves no k6 behind when the rig is killed with SIGKILL', async () => {
    process.env.K6_BINARY = await k6Double(cleanup);
    const shop = await workshop({ recovery: { withinMs: 60_000 } });
    const rig = tripcurve(shop.dir, 'run', '--load', 'k6');
    const run = /^run (\S+):/.exec(await rig.printed(/^run /))?.[1] ?? '';
    const results = path.join('reports', run, 'tiny-errors', 'k6', 'results.ndjson');
    await eventually('k6 to run', 20_000, async () => (await processesWith(results)).length >= 2);
    rig.process.kill('SIGKILL');
    await rig.finished;
    await eventually('k6 to go', 3_000, async () => (await processesWith(run)).length === 0);
  }, 60_000);
});
