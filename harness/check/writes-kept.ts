/**
 * `writes-kept`: every acknowledged write is found once after recovery. A write that was not
 * acknowledged may be there or not, but not twice. A set checker in Jepsen's sense, over the audit
 * `writes`, which reads the database around target and link.
 */
import { z } from 'zod';
import type { History } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { faultSpans, isWithin, loadStart, operationSpans, type Span } from './windows.ts';
import { writeSetOf } from './write-set.ts';

const Params = z.strictObject({
  /** Whose fault the writes met; left out: all that an operation could lose, up to the end of the last. */
  link: z.string().optional(),
  /** Fewest writes acknowledged during the fault for a pass. */
  atLeast: z.int().min(1).default(3),
});

export const writesKept = defineChecker<z.infer<typeof Params>>({
  name: 'writes-kept',
  about: 'every acknowledged write is stored exactly once after recovery, and no other write twice',
  params: Params,
  audits: () => ['writes'],
  judge(history, { link, atLeast }) {
    const set = writeSetOf(history);
    if ('why' in set) return inconclusive(set.why, {}, set.cites);
    const { audit, writes, acknowledged, lost, doubled } = set;
    const spans = link === undefined ? untilOperated(history) : faultSpans(history, link);
    const met = link === undefined ? 'the load until the operations were over' : `the fault on ${link}`;
    const during = acknowledged.filter(({ startT }) => spans.some((span) => isWithin(startT, span)));
    const numbers = {
      acknowledged: [acknowledged.length, 'writes'] as [number, string],
      duringFault: [during.length, 'writes'] as [number, string],
      ambiguous: [writes.length - acknowledged.length, 'writes'] as [number, string],
      lost: [lost.length, 'writes'] as [number, string],
      doubled: [doubled.length, 'writes'] as [number, string],
    };
    if (lost.length + doubled.length > 0) {
      return fails(
        `of ${count(acknowledged.length, 'acknowledged write')} ${lost.length} lost and ${doubled.length} doubled`,
        numbers,
        [audit, ...lost, ...doubled],
      );
    }
    if (during.length < atLeast) {
      return inconclusive(
        `${count(during.length, 'write')} acknowledged during ${met}; too few to lose any`,
        numbers,
        [audit],
      );
    }
    return holds(
      `all ${count(acknowledged.length, 'acknowledged write')} stored once (${during.length} of them during ${met})`,
      numbers,
      [audit],
    );
  },
});

/** From the first request on: what was acknowledged before an operation is in its hands too. */
function untilOperated(history: History): Span[] {
  const last = operationSpans(history).at(-1);
  return last === undefined ? [] : [{ fromT: loadStart(history), toT: last.toT }];
}
