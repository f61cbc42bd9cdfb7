/** Operations on a real target of a few lines: commands, restarts in good order, and how each can fail. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { attach } from '../../../harness/environment/attach.ts';
import { compose } from '../../../harness/environment/compose.ts';
import { embedded } from '../../../harness/environment/embedded.ts';
import { Config } from '../../../harness/model/config.ts';
import { checkScenario } from '../../../harness/scenario/load.ts';
import { Cleanup } from '../../support/sockets.ts';
import { tinyScenario, Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const node = (script: string) => ({ command: [process.execPath, '-e', script] });

const OPERATIONS = {
  deploy: node("console.log('deployed')"),
  'bad-deploy': node("console.error('no disk'); process.exit(3)"),
  endless: node('setInterval(() => {}, 1000)'),
  restart: { target: 'restart' },
  roll: { target: 'roll' },
};

/** A scenario of the tiny target with these operations in place of a fault. */
const operating = (timeline: object[], change: object = {}) => ({
  ...tinyScenario,
  timeline,
  expect: [{ check: 'answered-through', atLeast: 0.9, requests: 1 }],
  ...change,
});

async function run(timeline: object[], change: object = {}, env: Record<string, string> = {}) {
  const shop = await Workshop.open(env, { operations: OPERATIONS });
  cleanup.add(() => shop.close());
  await shop.scenario(operating(timeline, change));
  return shop.run('run', '--out', 'out', '--parallel', '1');
}

/** Machines that run tests are busy, and two targets take their turn. */
const ROLL_LIMIT_MS = 6_000;
const step = (operate: string, at: number, withinMs = 2_000) => ({ at, operate, withinMs });

describe('an operation', () => {
  test('is carried out, before the target starts and while two instances are exchanged', async () => {
    const { stdout, code } = await run(
      [step('deploy', 500), step('roll', 600, ROLL_LIMIT_MS)],
      { instances: 2, before: ['deploy'] },
      { LEAVES: 'in good order' },
    );
    expect(stdout).toMatch(/✓ tiny\/errors +holds/);
    expect(stdout).toMatch(/\d+ of \d+ requests answered during the operations/);
    expect(code).toBe(0);
  }, 60_000);

  test('that fails is a failed verdict, whatever it failed at', async () => {
    const { stdout, code } = await run([
      step('bad-deploy', 400),
      step('endless', 500, 300),
      step('restart', 600),
    ]);
    expect(stdout).toMatch(/bad-deploy failed \(code 3\): no disk/);
    expect(stdout).toMatch(/waited 300 ms in vain for endless to end/);
    // Without a handler SIGTERM kills: whatever it was doing then is lost.
    expect(stdout).toMatch(/did not leave in good order .*\(code null\)/);
    expect(code).toBe(1);
  }, 60_000);

  test('that fails before the target starts keeps the scenario from running', async () => {
    const { stdout, code } = await run([step('deploy', 500)], { before: ['bad-deploy'] });
    expect(stdout).toMatch(/bad-deploy failed \(code 3\): no disk/);
    expect(code).toBe(2);
  }, 60_000);
});

const config = Config.parse({
  target: { name: 'x', start: { command: ['x'] }, readyPath: '/' },
  profiles: { fast: { env: {} } },
  links: { dep: { protocol: 'http', dependency: { address: '127.0.0.1:1' } } },
  requests: { work: { method: 'GET', path: '/', needs: [] } },
  operations: OPERATIONS,
});

describe('a scenario with operations', () => {
  const check =
    (scenario: object, given = config) =>
    () =>
      checkScenario(scenario, given, 's.ts');

  test.each([
    [
      operating([step('deplyo', 500)]),
      's.ts: timeline[0].operate: no operation "deplyo"; did you mean "deploy"?',
    ],
    [
      operating([step('deploy', 500)], { before: ['restrat'] }),
      's.ts: before[0]: no operation "restrat"; did you mean "restart"?',
    ],
    [
      operating([step('deploy', 500)], { before: ['roll'] }),
      's.ts: before[0]: roll needs the target, which is not up yet then',
    ],
  ])('names what is wrong in it', (scenario, says) => {
    expect(check(scenario)).toThrow(says);
  });

  test('needs no fault, and a config without operations says so', () => {
    expect(check(operating([step('deploy', 500)]))).not.toThrow();
    const none = { ...config, operations: {} };
    expect(check(operating([step('deploy', 500)]), none)).toThrow(
      's.ts: timeline[0].operate: no operation "deploy"; the config has none',
    );
  });

  test('can be run only where the processes of the target are ours', () => {
    const why = 'operations are carried out only in the embedded environment';
    const attached = {
      ...config,
      attach: { entry: 'http://127.0.0.1:1', dependencies: {}, allowTargets: [] },
    };
    expect(compose.cannot(step('deploy', 0), 'embedded', config)).toMatch(why);
    expect(attach.cannot(step('deploy', 0), 'embedded', attached)).toMatch(why);
    expect(embedded.cannot(step('deploy', 0), 'embedded', config)).toBeNull();
  });
});

test('the operations of a config are checked as it is read', async () => {
  const shop = await Workshop.open({}, { operations: { up: { target: 'rstart' } } });
  cleanup.add(() => shop.close());
  await shop.scenario();
  const { stderr, code } = await shop.run('list');
  expect(stderr).toMatch(/^tripcurve: tripcurve\.config\.ts: operations\.up/);
  expect(code).toBe(2);
});
