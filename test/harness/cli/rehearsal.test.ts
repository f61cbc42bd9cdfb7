import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { View } from '../../../harness/rehearsal/view.ts';
import { eventually } from '../../support/processes.ts';
import { type Started, tripcurve, Workshop } from '../../support/workshop.ts';

let workshop: Workshop;
let up: Started | undefined;
beforeEach(async () => {
  workshop = await Workshop.open();
});
afterEach(async () => {
  up?.process.kill('SIGTERM');
  await up?.finished;
  up = undefined;
  await workshop.close();
});

/** Starts a rehearsal and waits until its first second has been seen. */
async function begin(...args: string[]): Promise<Started> {
  up = tripcurve(workshop.dir, 'up', '--seed', '1', '--rate', '40', ...args);
  await up.printed(/^00:0\d {2}[1-9]/);
  return up;
}

async function status(): Promise<View> {
  return JSON.parse((await workshop.run('status', '--json')).stdout) as View;
}

const faultsNow = async (): Promise<string[]> => (await status()).links.flatMap(({ faults }) => faults);

describe('a rehearsal', () => {
  test('is driven from a second terminal, recorded, reported, and saved as a scenario that runs', async () => {
    const rehearsal = await begin();
    expect((await workshop.run('cut', 'dep', '--for', '60s')).stdout).toMatch(
      /^r1-down on dep for 60s; tripcurve restore dep lifts it/,
    );
    await eventually('requests to fail', 8_000, async () => (await status()).entry.errorRatio > 0.3);
    expect(await faultsNow()).toEqual(['r1-down']);
    expect((await workshop.run('restore', 'dep')).stdout).toMatch(/^lifted r1-down/);
    const restoredMs = (await status()).atMs;
    // Long enough that there is a steady state to be judged after it.
    await eventually('two seconds of requests that succeed', 15_000, async () => {
      const { atMs, entry } = await status();
      return entry.errorRatio === 0 && atMs > restoredMs + 2_000;
    });
    expect((await workshop.run('note', 'all is well')).code).toBe(0);
    expect((await workshop.run('down')).code).toBe(0);
    const { code, stdout } = await rehearsal.finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(/rehearsal +holds|too busy to judge by/);

    const run = /^run (\S+):/m.exec(stdout)?.[1] ?? '';
    const folder = path.join(workshop.dir, 'reports', run);
    const history = await readFile(path.join(folder, 'rehearsal/history.ndjson'), 'utf8');
    expect(history).toMatch(/"kind":"note".*all is well/);
    expect(await readFile(path.join(folder, 'report.html'), 'utf8')).toMatch(/rehearsal/);

    const saved = path.join(workshop.dir, 'scenarios/mine.scenario.ts');
    await workshop.write('scenarios/placeholder', '');
    expect((await workshop.run('save', run, saved)).stdout).toMatch(/scenario mine; run it with/);
    expect((await workshop.run('list')).stdout).toMatch(/mine +dep +down/);
    expect((await workshop.run('save', run, saved)).stderr).toMatch(/is there already; --force replaces it/);
  }, 60_000);

  test('lifts a fault by itself when its time is over', async () => {
    await begin();
    await workshop.run('inject', 'dep', 'http-status', '--status', '503', '--for', '700ms');
    await eventually('the fault to be lifted', 8_000, async () => (await faultsNow()).length === 0);
  }, 30_000);

  test('is ended by a guard: faults lifted, exit 4, and the sentence', async () => {
    const rehearsal = await begin('--abort-error-ratio', '0.2');
    await workshop.run('inject', 'dep', 'errors');
    const { code, stdout, stderr } = await rehearsal.finished;
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /stopped by a guard: \d+ % of requests fail \(allowed 20 %\) for 3 s; every fault was lifted/,
    );
    expect(stdout).toMatch(/report: /);
  }, 30_000);

  test('says in one sentence what it cannot do', async () => {
    expect(await workshop.run('cut', 'dep')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tripcurve: no rehearsal runs here; start one with tripcurve up/),
    });
    await begin();
    const cases: [args: string[], sentence: RegExp][] = [
      [['cut', 'dp'], /no link "dp"; one of dep/],
      [['cut', 'dep', '--for', '5'], /--for: "5" is no duration; write it as 30s, 800ms or 2m/],
      [['inject', 'dep', 'http_statu'], /no fault "http_statu"; did you mean http_status\?/],
      [['inject', 'dep', 'http_status', '--status', '200'], /status must be at least 400, got 200/],
      [['inject', 'dep', 'latency', '--latency'], /"--latency" has no value/],
      [['inject', 'dep', 'postgres_refuse'], /needs a link whose protocol is postgres/],
      [['restore'], /name a link, or give --all/],
      [['up'], /a rehearsal runs here already/],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await workshop.run(...args);
      expect(stderr).toMatch(sentence);
      expect(code).toBe(2);
    }
    expect(await faultsNow()).toEqual([]);
  }, 60_000);
});
