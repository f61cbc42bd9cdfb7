/** Turns: beside each other, alone where asked, alone for good on a slow machine; also across processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Turns } from '../../../harness/scenario/turns.ts';

let turns: Awaited<ReturnType<typeof Turns.open>>;
beforeEach(async () => {
  turns = await Turns.open();
});
afterEach(async () => {
  await turns[Symbol.asyncDispose]();
});

const end = (turn: AsyncDisposable): PromiseLike<void> => turn[Symbol.asyncDispose]();

/** Notes the moments at which turns begin and end. */
function noting(log: string[]) {
  return async (name: string, alone = false): Promise<() => Promise<void>> => {
    const turn = await turns.take(alone);
    log.push(`${name} begins`);
    return async () => {
      log.push(`${name} ends`);
      await end(turn);
    };
  };
}

/** What has been begun has had every chance to go on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await turnOfTheLoop();
}

test('those that do not mind each other run beside each other', async () => {
  const both = await Promise.all([turns.take(false), turns.take(false)]);
  await Promise.all(both.map(end));
});

test('one that runs alone waits for those that run, and nobody begins beside it', async () => {
  const log: string[] = [];
  const take = noting(log);
  const endFirst = await take('first');
  const alone = take('alone', true);
  await settled();
  const late = take('late');
  await settled();
  expect(log).toEqual(['first begins']);
  await endFirst();
  const endAlone = await alone;
  await settled();
  await endAlone();
  await (await late)();
  expect(log).toEqual([
    'first begins',
    'first ends',
    'alone begins',
    'alone ends',
    'late begins',
    'late ends',
  ]);
});

test('one that found the machine too busy among two makes it one at a time', async () => {
  const log: string[] = [];
  const take = noting(log);
  const [first, second] = [await turns.take(false), await turns.take(false)];
  await second.tooBusy();
  await Promise.all([end(first), end(second)]);
  const [endOne, two] = [await take('one'), take('two')];
  await settled();
  await endOne();
  await (await two)();
  expect(log).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});

test('of three that are too many for the machine, two go on', async () => {
  const three = [await turns.take(false), await turns.take(false), await turns.take(false)];
  await three[2]?.tooBusy();
  await Promise.all(three.map(end));
  const log: string[] = [];
  const take = noting(log);
  const ends = [await take('one'), await take('two')];
  const last = take('three');
  await settled();
  expect(log).toEqual(['one begins', 'two begins']);
  await ends[1]?.();
  await (await last)();
  await ends[0]?.();
});

test.each([false, true])('a process that is killed in its turn holds up nobody; alone: %j', async (alone) => {
  const module = fileURLToPath(new URL('../../../harness/scenario/turns.ts', import.meta.url));
  const program = `
    const { Turns } = await import(${JSON.stringify(module)});
    await new Turns(process.argv[1]).take(${alone});
    console.log('mine');
    setInterval(() => {}, 1e6);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, turns.dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    let isTaken = false;
    const next = turns.take(true).then((turn) => {
      isTaken = true;
      return turn;
    });
    await settled();
    expect(isTaken).toBe(false);
    holder.kill('SIGKILL');
    await end(await next);
  } finally {
    holder.kill('SIGKILL');
  }
});
