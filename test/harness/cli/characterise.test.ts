import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { MeasuredPolicy } from '../../../harness/model/measured.ts';
import { WireRecord } from '../../../harness/model/wire.ts';
import { Workshop } from '../../support/workshop.ts';

let shop: Workshop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

async function workshop(): Promise<Workshop> {
  shop = await Workshop.open();
  return shop;
}

describe('tripcurve characterise and validate', () => {
  test('a service without a policy, measured for real: no breaker, no retry; and a lock that holds and one that does not', async () => {
    const { dir, run } = bound(await workshop());
    const few = ['--calls', '6', '--burst', '8', '--patience', '1000', '--seed', '7'];
    const { code, stdout } = await run('characterise', '--out', 'policy.json', ...few);
    expect(stdout).toMatch(/^breaker\.present +no /m);
    expect(stdout).toMatch(/^retry\.attempts +1 +exact/m);
    expect(stdout).toMatch(/^status-503 +1 +no +no +error 502$/m);
    expect(code).toBe(0);
    const file = path.join(dir, 'policy.json');
    const policy = MeasuredPolicy.parse(JSON.parse(await readFile(file, 'utf8')));
    expect(policy.calibration?.observations).toBeGreaterThan(5);
    const seen = WireRecord.parse(JSON.parse(await readFile(path.join(dir, 'policy.wire.json'), 'utf8')));
    expect(seen.measuredAt).toBe(policy.measuredAt);
    const page = /^report: (.*)$/m.exec(stdout)?.[1] ?? '';
    expect(await readFile(path.join(dir, page), 'utf8')).toContain(
      '<span class="name">retry.attempts</span>',
    );

    const declared = { breaker: null, timeoutMs: null, retry: null, bulkhead: null, fallback: null };
    await writeFile(path.join(dir, 'declared.json'), JSON.stringify(declared));
    const same = await run(
      'validate',
      '--measured',
      'policy.json',
      '--declared',
      'declared.json',
      '--html',
      'same.html',
    );
    expect(same.stdout).toMatch(/ 0 drifted/);
    const compared = await readFile(path.join(dir, 'same.html'), 'utf8');
    expect(compared).toContain('declared in declared.json');
    expect(compared).toContain('<use href="#wire-'); // what was seen then is still at hand
    expect(same.code).toBe(0);

    const locked = await run('validate', '--measured', 'policy.json', '--lock', 'policy.lock.json');
    expect([locked.code, locked.stdout]).toEqual([0, expect.stringContaining('locked: policy.lock.json')]);
    const breaker = { known: true, value: true, observations: 3, experiment: 'before' } as const;
    const before = { ...policy, findings: { ...policy.findings, 'breaker.present': breaker } };
    await writeFile(path.join(dir, 'policy.lock.json'), JSON.stringify(before));
    const drifted = await run('validate', '--measured', 'policy.json', '--lock', 'policy.lock.json');
    expect(drifted.stdout).toMatch(/^DRIFT +breaker\.present +yes +no /m);
    expect(drifted.code).toBe(1);
  }, 180_000);

  test.each([
    [['characterise', '--link', 'nope'], /--link: no link "nope"/],
    [['characterise', '--request', 'nope'], /--request: no request "nope"/],
    [['characterise', '--patience', 'soon'], /It must be a number from 100 to 600000/],
    [['characterise', '--replicas', '0'], /It must be a whole number from 1 to 64/],
    [['characterise', '--replicas', '2', '--env', 'attach'], /is there once, so there is one replica of it/],
    [['characterise', '--replicas', '64', '--dry-run'], /at most \d+ can measure side by side/],
    [['validate'], /validate needs --declared or --lock/],
    [
      ['validate', '--declared', '/nowhere'],
      /there is no such file; to ask the target .* write entry:\/nowhere/,
    ],
    [['validate', '--declared', 'entry:resilience'], /after entry: comes the path/],
    [['validate', '--declared', 'entry', '--measured', 'x.json'], /with --measured no target is up/],
    [['validate', '--declared', 'entry'], /the config has no target\.resiliencePath/],
    [['validate', '--declared', 'entry:/nowhere'], /entry:\/nowhere: a policy is a JSON object/],
    [['validate', '--declared', 'nowhere.json'], /--declared nowhere\.json cannot be read/],
    [
      ['validate', '--measured', 'tripcurve.config.ts', '--lock', 'x'],
      /tripcurve\.config\.ts: is no measured policy/,
    ],
  ])(
    '%j is refused with a sentence',
    async (args, sentence) => {
      const { run } = bound(await workshop());
      const { code, stderr } = await run(...args);
      expect(stderr).toMatch(sentence);
      expect(code).toBe(2);
    },
    30_000,
  );

  test('the target itself is asked for what it declares while it is up', async () => {
    const DECLARES = JSON.stringify({
      links: {
        dep: {
          policy: {
            breaker: null,
            timeoutMs: null,
            retry: { attempts: 3, backoff: { kind: 'none', baseMs: 0 } },
            bulkhead: null,
            fallback: null,
          },
        },
      },
    });
    shop = await Workshop.open({ DECLARES });
    const few = ['--calls', '5', '--burst', '4', '--patience', '500', '--seed', '7'];
    const { code, stdout, stderr } = await shop.run('validate', '--declared', 'entry:/declared', ...few);
    expect([stderr, stdout]).toEqual([
      expect.anything(),
      expect.stringMatching(/^declared in entry:\/declared$/m),
    ]);
    expect(stdout).toMatch(/^DRIFT +retry\.attempts +3 +1 /m);
    expect(code).toBe(1);
  }, 180_000);

  test('--dry-run says what would be done, and starts nothing', async () => {
    const { run } = bound(await workshop());
    const { code, stdout } = await run('characterise', '--dry-run', '--burst', '12');
    expect(stdout).toMatch(/bursts of at most 12/);
    expect(code).toBe(0);
  }, 30_000);
});

function bound(open: Workshop) {
  return { dir: open.dir, run: (...args: string[]) => open.run(...args) };
}
