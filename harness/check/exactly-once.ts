/**
 * `exactly-once`: over the whole run, in whatever order things failed, every acknowledged write has its effect once,
 * no write twice, and a refused one none. Ambiguous ones may be there or not, and are told. It asks for no fault of
 * a certain kind, so that it holds of any schedule.
 */
import { z } from 'zod';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { writeSetOf } from './write-set.ts';

const Params = z.strictObject({
  /** Fewest acknowledged writes for a pass. */
  atLeast: z.int().min(1).default(10),
});

export const exactlyOnce = defineChecker<z.infer<typeof Params>>({
  name: 'exactly-once',
  about: 'every acknowledged write of the run has its effect once, no write twice, a refused one none',
  params: Params,
  audits: () => ['writes'],
  judge(history, { atLeast }) {
    const set = writeSetOf(history);
    if ('why' in set) return inconclusive(set.why, {}, set.cites);
    const { audit, acknowledged, ambiguous, recovered, lost, doubled, refusedButStored } = set;
    const numbers = {
      acknowledged: [acknowledged.length, 'writes'] as [number, string],
      lost: [lost.length, 'writes'] as [number, string],
      doubled: [doubled.length, 'writes'] as [number, string],
      refusedButStored: [refusedButStored.length, 'writes'] as [number, string],
      ambiguous: [ambiguous.length, 'writes'] as [number, string],
      recovered: [recovered.length, 'ambiguous writes found'] as [number, string],
    };
    const wrong = [
      ...(lost.length === 0 ? [] : [`${count(lost.length, 'acknowledged write')} lost`]),
      ...(doubled.length === 0 ? [] : [`${count(doubled.length, 'write')} stored twice`]),
      ...(refusedButStored.length === 0
        ? []
        : [`${count(refusedButStored.length, 'refused write')} stored all the same`]),
    ];
    if (wrong.length > 0) {
      return fails(`${wrong.join(', ')}, of ${count(acknowledged.length, 'acknowledged write')}`, numbers, [
        audit,
        ...lost,
        ...doubled,
        ...refusedButStored,
      ]);
    }
    if (acknowledged.length < atLeast) {
      return inconclusive(
        `${count(acknowledged.length, 'acknowledged write')}; at least ${atLeast} are needed to lose or double any`,
        numbers,
        [audit],
      );
    }
    return holds(
      `all ${count(acknowledged.length, 'acknowledged write')} stored once; of ${count(ambiguous.length, 'ambiguous one')} ${recovered.length} are there`,
      numbers,
      [audit],
    );
  },
});
