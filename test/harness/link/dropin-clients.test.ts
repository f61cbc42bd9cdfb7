/** What Toxiproxy's clients print and return is the same, whether they drive ours or a real one. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type ICreateToxicBody, Toxiproxy } from 'toxiproxy-node-client';
import { messageOf } from '../../../harness/model/errors.ts';
import { comparable } from '../../support/api-call.ts';
import { pythonWith } from '../../support/python.ts';
import { Cleanup, echoServer, listen } from '../../support/sockets.ts';
import { NEW, OLD, realToxiproxy, startOurs, startReal, testWith } from '../../support/toxiproxy.ts';

const [newest, oldest, python] = await Promise.all([
  realToxiproxy(NEW),
  realToxiproxy(OLD),
  pythonWith('toxiproxy-python==0.1.1'),
]);

const cleanup = new Cleanup();
afterAll(() => cleanup.run());
let upstream = '';
beforeAll(async () => {
  upstream = `127.0.0.1:${await listen(cleanup, echoServer())}`;
});

/** What a client told on its way, step by step. */
type Story = (url: string) => Promise<unknown[]>;

describe.each([
  [NEW, newest],
  [OLD, oldest],
] as const)('against Toxiproxy %s', (_version, real) => {
  let ours = '';
  let theirs = '';
  beforeAll(async () => {
    ours = await startOurs(cleanup);
    if (typeof real !== 'string') theirs = await startReal(cleanup, real);
  }, 30_000);

  /** Step by step, so that a difference names the step. */
  async function expectSame(tell: Story, steps: number): Promise<void> {
    const [us, them] = await Promise.all([tell(ours), tell(theirs)]);
    expect(us.length).toBeGreaterThanOrEqual(steps);
    expect(us).toEqual(them);
  }

  const cli = typeof real === 'string' ? real : (real.cli ?? 'there is no toxiproxy-cli');
  testWith({ real, cli: typeof real === 'string' || real.cli === null ? cli : undefined })(
    'toxiproxy-cli',
    () => expectSame((url) => commandLine(cli, url), CLI_STEPS.length),
    30_000,
  );
  testWith({ real })('toxiproxy-node-client', () => expectSame(nodeClient, 14), 30_000);
  testWith({ real, python })(
    'toxiproxy-python',
    () =>
      expectSame(async (url) => {
        if (typeof python === 'string') throw new Error(python);
        const script = path.resolve('test/support/toxiproxy_script.py');
        return (await python(script, url, upstream)).trim().split('\n');
      }, 28),
    40_000,
  );
});

const CLI_STEPS = [
  'list',
  'create -l 127.0.0.1:0 -u UPSTREAM a',
  'create -l 127.0.0.1:0 -u UPSTREAM a',
  'create -l 127.0.0.1:0 -u UPSTREAM b',
  'create -l nonsense -u UPSTREAM c',
  'list',
  'inspect a',
  'inspect none',
  'toxic add -t latency -a latency=100 -a jitter=5 a',
  'toxic add -t latency a',
  'toxic add -n cut -t limit_data -u --toxicity 0.5 -a bytes=5 a',
  'toxic add -t nonsense a',
  'toxic add -t latency -a latency=x a',
  'toxic add -t latency none',
  'inspect a',
  'toxic update -n cut -a bytes=6 a',
  'toxic update -n latency_downstream --toxicity 0.25 -a jitter=0 a',
  'toxic update -n none -a bytes=6 a',
  'inspect a',
  'list',
  'toxic remove -n cut a',
  'toxic remove -n cut a',
  'toxic delete -n latency_downstream a',
  'toggle a',
  'list',
  'inspect a',
  'toggle a',
  'toggle none',
  'delete b',
  'delete b',
  'delete a',
  'list',
];

async function commandLine(cli: string, url: string): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const step of CLI_STEPS) {
    const args = step.replace('UPSTREAM', upstream).split(' ');
    const { code, stdout, stderr } = await promisify(execFile)(cli, ['-h', url, ...args], {
      timeout: 10_000,
    }).then(
      (ended) => ({ code: 0, ...ended }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    const printed = `${stdout}${stderr}`.replaceAll(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:PORT');
    // Attributes come out of a Go map, in any order.
    told.push([
      step,
      code,
      printed.replace(/\[.*\]/g, (list) =>
        list
          .split(/[\s[\]]+/)
          .sort()
          .join(' '),
      ),
    ]);
  }
  return told;
}

async function nodeClient(url: string): Promise<unknown[]> {
  const told: unknown[] = [];
  const step = async <T>(name: string, act: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await act();
      told.push([name, comparable(plain(result))]);
      return result;
    } catch (error) {
      told.push([name, comparable(messageOf(error))]);
      return undefined;
    }
  };
  const client = new Toxiproxy(url);
  const slow: ICreateToxicBody<object> = {
    name: 'slow',
    type: 'latency',
    stream: 'upstream',
    toxicity: 0.5,
    attributes: { latency: 5, jitter: 1 },
  };
  await step('list', () => client.getAll());
  const proxy = await step('create', () =>
    client.createProxy({ name: 'n', listen: '127.0.0.1:0', upstream }),
  );
  if (proxy === undefined) return told;
  await step('create again', () => client.createProxy({ name: 'n', listen: '127.0.0.1:0', upstream }));
  await step('populate', () => client.populate([{ name: 'm', listen: '127.0.0.1:0', upstream }]));
  await step('get none', () => client.get('none'));
  const toxic = await step('add', () => proxy.addToxic(slow));
  await step('add again', () => proxy.addToxic(slow));
  await step('add down', () => proxy.addToxic({ ...slow, name: 'd', type: 'down' }));
  await step('get toxic', () => proxy.getToxic('slow'));
  await step('update toxic', async () => toxic?.update({ ...slow, attributes: { latency: 7, jitter: 0 } }));
  await step('get', () => client.get('n'));
  await step('list', () => client.getAll());
  await step('remove toxic', async () => toxic?.remove());
  await step('remove toxic again', async () => toxic?.remove());
  await step('disable', () => proxy.update({ enabled: false, listen: proxy.listen, upstream }));
  await step('reset', () => client.reset());
  await step('list', () => client.getAll());
  await step('remove', () => proxy.remove());
  await step('remove again', () => proxy.remove());
  for (const left of Object.values(await client.getAll())) await left.remove();
  await step('list', () => client.getAll());
  return told;
}

/** Without what points back to the client itself, and so to its server's port. */
function plain(value: unknown): unknown {
  return value === undefined
    ? null
    : JSON.parse(
        JSON.stringify(value, (key, inner) =>
          /^(toxiproxy|api|proxy|proxyPath|host)$/.test(key) ? undefined : inner,
        ),
      );
}
