/** `operations-done`: each operation of the time line was carried out to its end, in time. */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { toMs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';

const None = z.strictObject({});

export const operationsDone = defineChecker<z.infer<typeof None>>({
  name: 'operations-done',
  about: 'every operation of the time line was carried out, in time',
  params: None,
  applies: ({ timeline }) => timeline.some((step) => 'operate' in step),
  judge(history) {
    const planned = history.header.scenario.timeline.flatMap((step) =>
      'operate' in step ? [step.operate] : [],
    );
    const done = eventsOf(history, 'operation');
    const numbers = Object.fromEntries([
      ['operations', [done.length, 'operations'] as [number, string]],
      ...done.map(({ name, t, endT }) => [name, [toMs(endT - t), 'ms'] as [number, string]] as const),
    ]);
    const failed = done.filter(({ error }) => error !== null);
    if (failed.length > 0) {
      const told = failed.map(({ name, error }) => `${name}: ${error}`).join('; ');
      return fails(`not carried out: ${told}`, numbers, failed);
    }
    if (done.length < planned.length)
      return inconclusive(
        `${done.length} of ${count(planned.length, 'operation')} were carried out before the end`,
        numbers,
        done,
      );
    const told = done.map(({ name, t, endT }) => `${name} took ${Math.round(toMs(endT - t))} ms`);
    return holds(told.join('; '), numbers, done);
  },
});
