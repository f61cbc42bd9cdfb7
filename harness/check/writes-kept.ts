/**
 * `writes-kept`: every acknowledged write is found once after recovery. A write that was not
 * acknowledged may be there or not, but not twice. A set checker in Jepsen's sense, over the audit
 * `writes`, which reads the database around target and link.
 */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { faultSpans, isWithin } from './windows.ts';

const Params = z.strictObject({
  link: z.string(),
  /** Fewest writes acknowledged during the fault for a pass. */
  atLeast: z.int().min(1).default(3),
});

const Rows = z.object({ rows: z.record(z.string(), z.number()) });

export const writesKept = defineChecker<z.infer<typeof Params>>({
  name: 'writes-kept',
  about: 'every acknowledged write is stored exactly once after recovery, and no other write twice',
  params: Params,
  audits: () => ['writes'],
  judge(history, { link, atLeast }) {
    const audit = eventsOf(history, 'audit').findLast(({ name }) => name === 'writes');
    if (audit === undefined) return inconclusive('no audit "writes" was taken');
    const parsed = Rows.safeParse(audit.result);
    if (!parsed.success)
      return inconclusive(`the audit "writes" failed: ${audit.error ?? 'it has no rows'}`, {}, [audit]);
    const { rows } = parsed.data;
    const writes = eventsOf(history, 'request').filter(
      ({ name }) => history.header.requests[name]?.write === true,
    );
    const acknowledged = writes.filter(({ outcome }) => outcome === 'ok');
    const spans = faultSpans(history, link);
    const during = acknowledged.filter(({ startT }) => spans.some((span) => isWithin(startT, span)));
    const lost = acknowledged.filter(({ key }) => (rows[key] ?? 0) === 0);
    const doubled = writes.filter(({ key }) => (rows[key] ?? 0) > 1);
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
        `${count(during.length, 'write')} acknowledged during the fault on ${link}; too few to lose any`,
        numbers,
        [audit],
      );
    }
    return holds(
      `all ${count(acknowledged.length, 'acknowledged write')} stored once (${during.length} of them during the fault on ${link})`,
      numbers,
      [audit],
    );
  },
});
