import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SweepResult } from '../../../harness/model/sweep.ts';
import { REPOSITORY, tripcurve, Workshop } from '../../support/workshop.ts';

const EXAMPLE = path.join(REPOSITORY, 'examples/policy-service');

describe('tripcurve sweep', () => {
  let shop: Workshop | undefined;
  afterEach(async () => {
    await shop?.close();
    shop = undefined;
  });
  const workshop = async (): Promise<Workshop> => {
    shop = await Workshop.open();
    return shop;
  };

  test('simulates a grid, recommends with a reason, and leaves a report and JSON', async () => {
    const { dir, run } = bound(await workshop());
    const { code, stdout } = await run(
      'sweep',
      ...[
        '--grid',
        'failures=3,6',
        '--grid',
        'openMs=500,2000',
        '--outage',
        'blip',
        '--arrivals',
        'constant',
      ],
      ...['--runs', '4', '--errors', '0', '--seed', '7', '--out', 'sweep.json'],
    );
    expect(stdout).toMatch(/recommended: failures=\d openMs=\d+: .*Pareto front/);
    expect(stdout).toMatch(/report: reports\/.*\/sweep\.html/);
    expect(code).toBe(0);
    const result = SweepResult.parse(JSON.parse(await readFile(path.join(dir, 'sweep.json'), 'utf8')));
    expect(result.points).toHaveLength(4);
    for (const { values, metrics } of result.points) {
      const { failures = 0 } = values;
      expect(metrics.falseTripsPerDay).toEqual({ value: 0, high: 0 });
      expect(metrics.timeToTripMs.median).toBeGreaterThan((failures - 1) * 50);
      expect(metrics.timeToTripMs.median).toBeLessThan(failures * 50 + 10);
    }
    const html = await readFile(path.join(dir, 'reports', result.run, 'sweep.html'), 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).not.toMatch(/(src|href)="http/);
  }, 60_000);

  test('the same seed gives the same numbers', async () => {
    const { dir, run } = bound(await workshop());
    const points = async (file: string): Promise<unknown> => {
      await run(
        'sweep',
        '--grid',
        'failures=3',
        '--outage',
        'blip',
        '--runs',
        '3',
        '--seed',
        '7',
        '--out',
        file,
      );
      return (JSON.parse(await readFile(path.join(dir, file), 'utf8')) as SweepResult).points;
    };
    expect(await points('a.json')).toEqual(await points('b.json'));
  }, 60_000);

  test.each([
    [[], /--grid is needed/],
    [['--grid', 'failures=3', '--outage', 'blib'], /--outage: no model "blib"; did you mean "blip"/],
    [['--grid', 'failures=3', '--outage', './no.ndjson'], /no\.ndjson: cannot be read/],
    [['--grid', 'failures=3', '--policy', 'no.json'], /no\.json: cannot be read/],
    [['--grid', 'failures=3', '--policy', 'tripcurve.config.ts'], /tripcurve\.config\.ts: not JSON/],
    [['--grid', 'failureRate=0.5'], /a breaker of kind consecutive has no failureRate/],
    [['--grid', 'failures=3', '--rate', '0'], /must be a number from 0\.01/],
    [['--grid', 'failures=3', '--verify'], /sweep\.env names no variable for failures/],
    [['--grid', 'failures=3', '--runs', '10000', '--rate', '1000'], /million: fewer runs/],
  ])('%j is told in one sentence and exits 2', async (args, sentence) => {
    const { run } = bound(await workshop());
    const { code, stderr } = await run('sweep', ...args);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/mistake of its own/);
    expect(code).toBe(2);
  });

  test('what a link cannot see cannot be verified, and that is told before anything runs', async () => {
    const verify = ['sweep', '--grid', 'failures=3', '--verify'];
    const crash = await tripcurve(EXAMPLE, ...verify, '--outage', 'crash').finished;
    expect([crash.code, crash.stderr]).toEqual([
      2,
      expect.stringMatching(/of refused a link sees no attempt/),
    ]);
  });

  test('the example runs for real with the values of the grid, and does what was simulated', async () => {
    const { code, stdout, stderr } = await tripcurve(
      EXAMPLE,
      ...['sweep', '--grid', 'failures=2,8', '--grid', 'openMs=500', '--grid', 'timeoutMs=300'],
      ...['--outage', 'blip', '--arrivals', 'constant', '--runs', '3', '--errors', '0', '--seed', '3'],
      ...['--verify', '--outages', '2', '--out', path.join((await workshop()).dir, 'v.json')],
    ).finished;
    expect(stderr).not.toMatch(/mistake of its own/);
    // On a starved machine the times may be further off than 10 %, which exits 1 and is no matter of this test.
    expect([0, 1]).toContain(code);
    expect(stdout).toMatch(/median relative error/);
    const result = SweepResult.parse(
      JSON.parse(await readFile(path.join(shop?.dir ?? '', 'v.json'), 'utf8')),
    );
    const [one, other] = (result.verification?.points ?? []).toSorted(
      (a, b) => (a.values.failures ?? 0) - (b.values.failures ?? 0),
    );
    expect([one?.values.failures, other?.values.failures]).toEqual([2, 8]);
    // The values have reached the service: what takes more failures trips later, by four times and not by chance.
    const trip = (point: typeof one): number => point?.compared.timeToTripMs?.measured ?? Number.NaN;
    expect(trip(other)).toBeGreaterThan(1.5 * trip(one));
    for (const point of [one, other]) {
      expect(point?.compared.attempts?.relativeError).toBeLessThan(0.5);
      expect(point?.compared.failed?.relativeError).toBeLessThan(0.5);
    }
  }, 120_000);
});

function bound(shop: Workshop): { dir: string; run: Workshop['run'] } {
  return { dir: shop.dir, run: (...args) => shop.run(...args) };
}
