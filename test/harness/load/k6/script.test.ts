import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { executorFor } from '../../../../harness/load/k6/executor.ts';
import { compileScript } from '../../../../harness/load/k6/script.ts';
import { thresholdsFor, windowOf } from '../../../../harness/load/k6/thresholds.ts';
import { headersOf } from '../../../../harness/load/plan.ts';
import type { Scenario } from '../../../../harness/model/scenario.ts';
import { Cleanup } from '../../../support/sockets.ts';
import { startOptions, trafficScenario } from '../../../support/traffic.ts';
import { REPOSITORY } from '../../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function compiled(scenario: Scenario) {
  return compileScript(startOptions(scenario, 'http://127.0.0.1:8080', '/nowhere').options);
}

/** What the TypeScript compiler has to say of a script, strictly, with @types/k6. */
async function complaints(script: string): Promise<string> {
  // Inside the repository, because there the compiler finds @types/k6.
  const parent = path.join(REPOSITORY, '.tripcurve');
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(path.join(parent, 'k6-types-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const compilerOptions = {
    allowJs: true,
    checkJs: true,
    strict: true,
    noEmit: true,
    target: 'es2015',
    lib: ['es2015'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: ['k6'],
  };
  await writeFile(path.join(dir, 'script.js'), script);
  // k6 documents console among its globals; @types/k6 leaves it to the DOM's types, which k6 has not.
  await writeFile(path.join(dir, 'console.d.ts'), 'declare const console: { log(text: string): void };');
  const files = ['script.js', 'console.d.ts'];
  await writeFile(path.join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const tsc = path.join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  return await promisify(execFile)(process.execPath, [tsc, '-p', dir]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}

const RAMP = [{ toRatePerSecond: 60.5, forMs: 800 }];

describe('the k6 script of a scenario', () => {
  test.each([
    ['constant-arrival-rate', trafficScenario()],
    ['ramping-arrival-rate', trafficScenario({ ramp: RAMP })],
  ])(
    'with the executor %s type-checks against @types/k6',
    async (executor, scenario) => {
      const { script } = compiled(scenario);
      expect(script).toContain(`"executor": "${executor}"`);
      expect(await complaints(script)).toBe('');
    },
    60_000,
  );

  test('would not type-check with an API that k6 does not have', async () => {
    const { script } = compiled(trafficScenario());
    expect(await complaints(script.replace('iterationInTest', 'iterationOfTest'))).toMatch(/iterationOfTest/);
    expect(await complaints(script.replace('"preAllocatedVUs"', '"preAllocatedUsers"'))).toMatch(
      /preAllocatedUsers/,
    );
    expect(await complaints(script.replace('redirects: 0', 'redirects: "none"'))).toMatch(/number/);
  }, 60_000);

  test('sends the plan of the embedded engine, each entry tagged with what joins it to the history', () => {
    const scenario = trafficScenario();
    const { options } = startOptions(scenario, 'http://127.0.0.1:8080', '/nowhere');
    const entries = JSON.parse(compileScript(options).plan) as Record<string, unknown>[];
    expect(entries).toEqual(
      options.plan.map((planned) => ({
        atMs: planned.atMs,
        method: planned.method,
        path: planned.path,
        body: planned.body,
        headers: headersOf(planned),
        tags: {
          name: planned.name,
          key: planned.key,
          trace: planned.trace,
          window: windowOf(planned.atMs, scenario),
        },
        ...(planned.compare === undefined
          ? {}
          : { looks: { compare: planned.compare, ...(planned.wants && { wants: planned.wants }) } }),
      })),
    );
  });
});

describe('the executor', () => {
  const executor = (traffic: object) => {
    const scenario = trafficScenario(traffic);
    const { plan } = startOptions(scenario, 'http://x', '/nowhere').options;
    return { plan, ...executorFor(scenario.traffic, plan) };
  };

  test('of a constant rate has that rate, for as long as the plan needs', () => {
    const { plan, scenario } = executor({ arrivals: 'constant' });
    expect(scenario).toMatchObject({ executor: 'constant-arrival-rate', rate: 40, timeUnit: '1s' });
    expect(plan).toHaveLength(59);
    if (scenario.executor === 'constant-arrival-rate') expect(scenario.duration).toBe('1575ms');
  });

  test('tells a rate that is no whole number per 1000 s', () => {
    expect(executor({ ratePerSecond: 12.5 }).scenario).toMatchObject({ rate: 12_500, timeUnit: '1000s' });
  });

  test('of a ramp has its stages, then holds the last rate', () => {
    const { scenario } = executor({ ramp: [{ toRatePerSecond: 60, forMs: 500 }], arrivals: 'constant' });
    expect(scenario).toMatchObject({
      executor: 'ramping-arrival-rate',
      startRate: 40,
      stages: [
        { target: 60, duration: '500ms' },
        { target: 60, duration: expect.stringMatching(/^\d+ms$/) },
      ],
    });
  });

  test('cuts a ramp off where the plan ends', () => {
    const { scenario } = executor({ ramp: [{ toRatePerSecond: 400, forMs: 60_000 }], arrivals: 'constant' });
    if (scenario.executor !== 'ramping-arrival-rate') throw new Error('not a ramp');
    expect(scenario.stages).toHaveLength(1);
    expect(Number.parseInt(scenario.stages[0]?.duration ?? '', 10)).toBeLessThan(2_000);
    expect(scenario.stages[0]?.target).toBeLessThan(60);
  });

  test.each([['poisson'], ['constant']])(
    'begins early enough for %s arrivals, and has virtual users for those that wait',
    (arrivals) => {
      const { plan, scenario, originAfterMs } = executor({ arrivals, ratePerSecond: 100 });
      const leadMs = originAfterMs - Number.parseInt(scenario.startTime, 10);
      // Iteration n starts after n gaps, or one gap later: in neither case after its request is due.
      for (const [n, { atMs }] of plan.entries()) expect((n + 1) * 10).toBeLessThanOrEqual(leadMs + atMs);
      const waiting = plan.map(
        (_, n) => plan.slice(0, n + 1).filter(({ atMs }) => leadMs + atMs > n * 10).length,
      );
      expect(scenario.maxVUs).toBe(Math.min(plan.length, 8 + Math.max(...waiting)));
      expect(scenario.preAllocatedVUs).toBe(scenario.maxVUs);
    },
  );
});

describe('thresholds', () => {
  test('are the steady state, in each of its two windows', () => {
    expect(thresholdsFor(trafficScenario())).toEqual({
      'http_req_failed{window:before}': ['rate<=0.01'],
      'http_req_duration{window:before,expected_response:true}': ['p(95)<2000'],
      'http_req_failed{window:after}': ['rate<=0.01'],
      'http_req_duration{window:after,expected_response:true}': ['p(95)<2000'],
    });
  });

  test('have windows as long as those of the checks', () => {
    const at = [0, 499, 500, 1_149, 1_150, 1_499].map((atMs) => windowOf(atMs, trafficScenario()));
    expect(at).toEqual(['before', 'before', 'between', 'between', 'after', 'after']);
  });
});
