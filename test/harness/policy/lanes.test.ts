import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../../../harness/policy/characterise.ts';
import { Lab } from '../../../harness/policy/lab.ts';
import { share, type Task } from '../../../harness/policy/lanes.ts';
import { SimulatedBench } from '../../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../../harness/policy/simulation/clock.ts';
import { NO_POLICY } from '../../../harness/policy/simulation/service.ts';

/** Tasks that take so many ms of a clock that costs none; what is done is noted as `who:what`. */
function stage(count: number) {
  const clock = new VirtualClock();
  const labs = Array.from({ length: count }, (_, i) => {
    const bench = new SimulatedBench({ policy: NO_POLICY, clock, seed: i, giveUpMs: 1_000, noiseMs: 0 });
    return new Lab(bench, LIMITS, 1);
  });
  const done: string[] = [];
  const task = (name: string, ms: number, more: Partial<Task> = {}): Task => ({
    name,
    run: async () => {
      await clock.sleep(ms);
      return '';
    },
    ...more,
  });
  const go = (tasks: Task[]): Promise<void> =>
    clock.run(
      share(labs, tasks, async (lab, one) => {
        done.push(`${labs.indexOf(lab) + 1}:${one.name}`);
        await one.run(lab);
      }),
    );
  return { clock, done, task, go };
}

describe('tasks that are shared out', () => {
  test('come in the order in which they were given where there is one lab', async () => {
    const { done, task, go } = stage(1);
    await go([task('a', 5, { onFirst: true }), task('b', 1), task('c', 1, { after: ['a'] })]);
    expect(done).toEqual(['1:a', '1:b', '1:c']);
  });

  test('are done side by side by two, and those of the first by the first', async () => {
    const { clock, done, task, go } = stage(2);
    const story = [task('a', 40, { onFirst: true }), task('b', 40, { onFirst: true })];
    await go([...story, task('c', 30), task('d', 30)]);
    expect(done).toEqual(['1:a', '2:c', '2:d', '1:b']);
    expect(clock.now()).toBe(80);
  });

  test('wait for all of the name that they build on', async () => {
    const { done, task, go } = stage(2);
    await go([task('row', 10), task('row', 30), task('sum', 1, { after: ['row', 'absent'] })]);
    expect(done.slice(0, 2).toSorted()).toEqual(['1:row', '2:row']);
    expect(done[2]).toMatch(/sum$/);
    expect(done).toHaveLength(3);
  });

  test('are not begun any more when one has failed; what is under way comes to its end', async () => {
    const { clock, done, task, go } = stage(2);
    const failing: Task = {
      name: 'fails',
      run: async () => {
        await clock.sleep(10);
        throw new Error('called off');
      },
    };
    await expect(go([failing, task('long', 50), task('never', 1)])).rejects.toThrow('called off');
    expect(done).toEqual(['1:fails', '2:long']);
    expect(clock.now()).toBe(50);
  });
});
