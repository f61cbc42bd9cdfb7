/** `tripcurve explore` against a target without a timeout: it finds that, and leaves the smallest scenario that shows it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Cleanup } from '../../support/sockets.ts';
import { Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const LIMIT_MS = 120_000;

/** A fault that makes answers late, every time and by far, among such that do not, on a busy machine either. */
const explore = {
  ratePerSecond: [60, 80],
  faults: { dep: ['black_hole', 'http_status', 'slicer'] },
  leadMs: 500,
  windowMs: 1_000,
  recoveryMs: 800,
  invariants: { always: [{ check: 'deadline-respected', withinMs: 100, slackMs: 400 }] },
};

async function open(more: object = {}): Promise<Workshop> {
  const shop = await Workshop.open({}, { explore, ...more });
  cleanup.add(() => shop.close());
  await shop.scenario();
  return shop;
}

describe('tripcurve explore', () => {
  test(
    'finds what a target does wrong, and writes a scenario that fails by it',
    async () => {
      const shop = await open();
      const { code, stdout } = await shop.run(
        ...['explore', '--runs', '30', '--seed', '5', '--until-found', '--out', 'out'],
      );
      expect(stdout).toMatch(/^run \S+: 30 schedules against tiny, seed 5$/m);
      expect(stdout).toMatch(/^✗ deadline-respected, broken by schedules? [\d, ]+: deadline missed: /m);
      expect(stdout).toMatch(
        /^ {2}smallest after \d+ runs: 1 fault within [\d.]+ s, 1 kind of requests, \d+\/s; broke it in [1-3] of 3 runs$/m,
      );
      expect(code).toBe(1);

      const file = 'out/deadline-respected.scenario.yaml';
      const kept = parse(await readFile(path.join(shop.dir, file), 'utf8'));
      expect(kept.timeline).toEqual([
        { at: 500, on: 'dep', forMs: expect.any(Number), inject: expect.anything() },
      ]);
      expect(kept.timeline[0].inject.type).toBe('black_hole');
      const again = await shop.run('run', file, '--out', 'again');
      expect(again.stdout).toMatch(/fails deadline-respected \(expect\): deadline missed: /);
      expect(again.code).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    'is held where nothing breaks, and keeps nothing of what it ran',
    async () => {
      const shop = await open({
        explore: { ...explore, faults: { dep: ['http_status', 'slicer'] } },
      });
      const { code, stdout, stderr } = await shop.run(
        'explore',
        '--runs',
        '6',
        '--seed',
        '5',
        '--out',
        'out',
      );
      expect([stdout, stderr]).toEqual([expect.stringMatching(/0 invariants broken; seed 5/), '']);
      expect(stdout).toMatch(/^deadline-respected +6 +6 +0$/m);
      expect(code).toBe(0);
      const report = JSON.parse(await readFile(path.join(shop.dir, 'out/explore.json'), 'utf8'));
      expect(report.ran).toHaveLength(6);
      expect(existsSync(path.join(shop.dir, 'out/schedule-1'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'is inconclusive where an invariant was never put to the test',
    async () => {
      const faulted = [{ check: 'silent-while-open', link: 'dep' }];
      const shop = await open({
        explore: { ...explore, faults: { dep: ['slicer'] }, invariants: { faulted } },
      });
      const { code, stderr } = await shop.run('explore', '--runs', '2', '--seed', '5', '--out', 'out');
      expect(stderr).toMatch(/never put to the test: silent-while-open dep; draw more schedules/);
      expect(code).toBe(3);
    },
    LIMIT_MS,
  );

  test(
    'that is stopped leaves nothing running',
    async () => {
      const shop = await open();
      const { code, stderr } = await shop.run('explore', '--runs', '500', '--limit', '3', '--out', 'out');
      expect(stderr).toMatch(/stopped before its end/);
      expect(code).toBe(4);
    },
    LIMIT_MS,
  );

  test('prints what it would run', async () => {
    const shop = await open();
    const { code, stdout } = await shop.run('explore', '--dry-run', '--runs', '4', '--seed', '5');
    expect(stdout.trim().split('\n')).toEqual(
      [1, 2, 3, 4].map((n) =>
        expect.stringMatching(new RegExp(`^${n}  dep (black_hole|http_status|slicer)( .*)?; work \\d+/s$`)),
      ),
    );
    expect((await shop.run('explore', '--dry-run', '--runs', '4', '--seed', '5')).stdout).toBe(stdout);
    expect(code).toBe(0);
  });

  test.each([
    [['--runs', '0'], {}, /--runs.*It must be a whole number from 1/],
    [['--profile', 'fsat'], {}, /--profile: no profile "fsat"; did you mean "fast"\?/],
    [['--mutant', 'none-suhc'], {}, /--mutant: no mutant "none-suhc"; did you mean "none-such"\?/],
    [[], { explore: { faults: { dpe: ['down'] } } }, /explore\.faults: no link "dpe"; did you mean "dep"\?/],
    [
      [],
      { explore: { invariants: { always: [{ check: 'exactly-onec' }] } } },
      /explore: expect\[0\]\.check: unknown check "exactly-onec"; did you mean "exactly-once"\?/,
    ],
    [[], { explore: { ratePerSecond: [50, 20] } }, /explore\.ratePerSecond: the first is above the second/],
  ])('names what is wrong: %j %j', async (args, more, says) => {
    const shop = await open(more);
    const { code, stderr } = await shop.run('explore', ...args);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });
});
