/** Turns: beside each other, alone where asked, fewer at once on a slow machine; also across processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { serveTurns, turnsFrom } from '../../../harness/scenario/shared-turns.ts';
import { LocalTurns, type Turn, type Turns } from '../../../harness/scenario/turns.ts';

/** What has been begun has had every chance to go on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 500; i++) await turnOfTheLoop();
}

const end = (turn: Turn): void => turn[Symbol.dispose]();

/** As many come up at once as like to, unless it is said otherwise. */
const KINDS: [string, (comingUpMax?: number) => Promise<Turns>][] = [
  ['of one process', async (comingUpMax = 9) => new LocalTurns(comingUpMax)],
  ['of several', async (comingUpMax = 9) => turnsFrom(await serveTurns(new LocalTurns(comingUpMax)))],
];

/** Takes a turn, and tells what it has taken. */
function asking(turns: Turns): { isTaken: boolean; turn: Promise<Turn> } {
  const asked = {
    isTaken: false,
    turn: turns.take(false).then((turn) => {
      asked.isTaken = true;
      return turn;
    }),
  };
  return asked;
}

/** How many run at once, where nobody ends. Ends them all. */
async function mostAtOnce(turns: Turns): Promise<number> {
  const asked = [1, 2, 3, 4].map(() => asking(turns));
  await settled();
  const most = asked.filter(({ isTaken }) => isTaken).length;
  for (const { turn } of asked) {
    end(await turn);
    await settled();
  }
  return most;
}

describe.each(KINDS)('turns %s', (_, open) => {
  test('those that do not mind each other run beside each other', async () => {
    const turns = await open();
    const both = [await turns.take(false), await turns.take(false)];
    both.map(end);
  });

  test('one that runs alone waits for those that run, and nobody begins beside it', async () => {
    const turns = await open();
    const log: string[] = [];
    const take = async (name: string, alone: boolean): Promise<Turn> => {
      const turn = await turns.take(alone);
      log.push(name);
      return turn;
    };
    const first = await take('first', false);
    const alone = take('alone', true);
    await settled();
    const late = take('late', false);
    await settled();
    expect(log).toEqual(['first']);
    end(first);
    const turn = await alone;
    await settled();
    expect(log).toEqual(['first', 'alone']);
    end(turn);
    end(await late);
    expect(log).toEqual(['first', 'alone', 'late']);
  });

  test.each([0, 1, 2])(
    'of three that are too many for the machine two go on, whoever says so: %i',
    async (who) => {
      const turns = await open();
      const three = [await turns.take(false), await turns.take(false), await turns.take(false)];
      three[who]?.tooBusy();
      await settled();
      three.map(end);
      await settled();
      const [one, two] = [await turns.take(false), await turns.take(false)];
      const third = asking(turns);
      await settled();
      expect(third.isTaken).toBe(false);
      end(one);
      end(await third.turn);
      end(two);
    },
  );

  test('what went well for a while is tried with one more, but not a third time', async () => {
    const turns = await open();
    for (const _ of ['first', 'second']) {
      const three = [await turns.take(false), await turns.take(false), await turns.take(false)];
      for (const turn of three) turn.tooBusy();
      await settled();
      three.map(end);
      await settled();
      // Those of one time count once, else it would be one at a time now.
      expect(await mostAtOnce(turns)).toBe(2);
      for (let i = 0; i < 2; i++) await mostAtOnce(turns);
    }
    expect(await mostAtOnce(turns)).toBe(2);
  });

  test('environments come up as many at a time as they may', async () => {
    const turns = await open(1);
    const first = await turns.take(false);
    const [second, third] = [asking(turns), asking(turns)];
    await settled();
    expect([second.isTaken, third.isTaken]).toEqual([false, false]);
    first.up();
    await settled();
    expect([second.isTaken, third.isTaken]).toEqual([true, false]);
    // One that never came up is no longer waited for when it has ended.
    end(await second.turn);
    await settled();
    expect(third.isTaken).toBe(true);
    end(first);
    end(await third.turn);
  });

  test('one that finds the machine too busy when it is alone still gets a turn', async () => {
    const turns = await open();
    for (let i = 0; i < 3; i++) {
      const turn = await turns.take(true);
      turn.tooBusy();
      end(turn);
    }
    end(await turns.take(false));
  });
});

test('a process that is killed in its turn holds up nobody', async () => {
  const port = await serveTurns(new LocalTurns());
  const module = fileURLToPath(new URL('../../../harness/scenario/shared-turns.ts', import.meta.url));
  const program = `
    const { turnsFrom } = await import(${JSON.stringify(module)});
    await turnsFrom(${port}).take(true);
    console.log('mine');`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    let isTaken = false;
    const next = turnsFrom(port)
      .take(false)
      .then((turn) => {
        isTaken = true;
        return turn;
      });
    await settled();
    expect(isTaken).toBe(false);
    holder.kill('SIGKILL');
    end(await next);
  } finally {
    holder.kill('SIGKILL');
  }
});
