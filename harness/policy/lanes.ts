/**
 * Hands experiments out to labs: each lab does one at a time, and each experiment begins when those it builds on are
 * over. With one lab they come in the order in which they were given.
 */
import type { Lab } from './lab.ts';

/** An experiment, or a part of one. */
export interface Task<Name extends string = string> {
  name: Name;
  /** What others call it that build on it; left out: its name. Several may bear the same. */
  key?: string;
  /** Keys of those that must be over before; where several bear one, all of them. Absent ones do not count. */
  after?: readonly string[];
  /** Asked when its turn has come; false: it is left out. */
  isWanted?(): boolean;
  /** It goes on with what the first lab has lived through, and can be done there alone. */
  onFirst?: true;
  run(lab: Lab): Promise<string>;
}

/**
 * Does all of them. When one fails no other is begun; those under way come to their end.
 * @param perform carries one out
 * @throws what the first failure was
 */
export async function share<Name extends string>(
  labs: readonly Lab[],
  tasks: readonly Task<Name>[],
  perform: (lab: Lab, task: Task<Name>) => Promise<void>,
): Promise<void> {
  const waiting = [...tasks];
  const open = new Set(tasks);
  const failures: unknown[] = [];
  let changed = Promise.withResolvers<void>();
  const isReady = ({ after = [] }: Task<Name>): boolean =>
    after.every((key) => [...open].every((other) => (other.key ?? other.name) !== key));
  const work = async (lab: Lab): Promise<void> => {
    while (failures.length === 0) {
      const mine = waiting.filter((task) => task.onFirst !== true || lab === labs[0]);
      if (mine.length === 0) return;
      const next = mine.find(isReady);
      if (next === undefined) {
        await changed.promise;
        continue;
      }
      waiting.splice(waiting.indexOf(next), 1);
      try {
        if (next.isWanted?.() !== false) await perform(lab, next);
      } catch (error) {
        failures.push(error);
      }
      open.delete(next);
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  await Promise.all(labs.map(work));
  if (failures.length > 0) throw failures[0];
}
